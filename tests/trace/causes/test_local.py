"""What the node that a packet is for did not take: named by the counter that moved for it, and not if it moved for others."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

from cnetkit.model import Interface, Node, Route, Topology
from cnetkit.trace import explain
from tests.trace.causes.at_b import OWN, at_b
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

OTHER = "02:00:00:00:00:09"
ROUTES = (
    Route("b", "10.0.0.0/24", interface="eth0", text="10.0.0.0/24 dev eth0"),
    Route("b", "10.9.0.0/24", interface="eth1", text="10.9.0.0/24 dev eth1"),
)


def outcomes(*packets, received=99, sysctls=(), details=(), mac=OWN, routes=ROUTES, **counters):
    """Of packets that come in at b (10.0.0.2, fd00::2); its counters grow from 0. A pair (2, packet) is sent by b."""

    def snapshot(time, found):
        nodes = (Node("b", "host", sysctls=dict(sysctls)),)
        addresses = ("10.0.0.2/24", "fd00::2/64")
        interfaces = (
            Interface("b", "eth0", 2, "veth", OWN, 1500, True, addresses=addresses, details=dict(details)),
            Interface("b", "eth1", 3, "veth", "02:00:00:00:00:03", 1500, True),
        )
        return Topology(time, nodes, interfaces, routes=routes, counters={"b": {"Ip.InReceives": 1} | found})

    grown = {name.replace("_", "."): value for name, value in counters.items()}
    around = snapshot(0, {}), snapshot(100, {"Ip.InReceives": 1 + received} | grown)
    frames = at_b(packets, mac)
    return [journey.outcome for journey in explain(recording_of(frames_of(frames), around)).journeys]


def reasons(*packets, **situation):
    return [outcome.reason for outcome in outcomes(*packets, **situation)]


def datagram(port=9, number=1, source="10.0.0.1", six=False):
    network = IPv6(src="fd00::1", dst="fd00::2", fl=number) if six else IP(src=source, dst="10.0.0.2", id=number)
    return network / UDP(sport=5, dport=port) / bytes([number])


LOST = "b did not receive it as an IP packet: it was thrown away at eth0"


def test_a_node_that_counted_no_ip_packet_at_all_threw_it_away_before():
    (outcome,) = outcomes(datagram(), received=0)
    assert (outcome.kind, outcome.reason) == ("dropped", LOST)
    assert [e.quote for e in outcome.evidence] == ["Ip.InReceives stayed at 1"]
    assert reasons(datagram(), received=1) == [""]
    assert reasons(datagram(six=True), received=0) == [""]  # IPv6 has a counter of its own


@pytest.mark.parametrize(("six", "counter"), [(False, "Udp_NoPorts"), (True, "Ip6_Udp6NoPorts")])
def test_nobody_listens_if_the_node_counted_all_datagrams_that_nothing_answered(six, counter):
    first, second = (datagram(number=number, six=six) for number in (1, 2))
    assert reasons(first, second, **{counter: 2}) == ["nobody at b has the port 9"] * 2
    assert reasons(first, second, **{counter: 1}) == ["", ""]  # one of them, and it is not known which
    assert reasons(first, second, **{counter: 3}) == ["", ""]  # others too, which were not captured
    other = "Udp_NoPorts" if six else "Ip6_Udp6NoPorts"
    assert reasons(first, second, **{other: 2}) == ["", ""]


def test_a_datagram_that_was_answered_or_was_for_another_host_is_not_counted_as_without_a_port():
    answer = 2, IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=9, dport=5) / b"answer"
    assert reasons(datagram(), answer, datagram(7, 2), Udp_NoPorts=1) == ["", "", "nobody at b has the port 7"]
    assert "nobody" not in reasons(datagram(), mac=OTHER, Udp_NoPorts=1)[0]
    segment = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=5, dport=9)
    assert reasons(segment, Udp_NoPorts=1) == [""]
    assert reasons(segment, datagram(), Udp_NoPorts=1) == ["", "nobody at b has the port 9"]


ECHO = IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(type=8, seq=1)
ECHO6 = IPv6(src="fd00::1", dst="fd00::2") / ICMPv6EchoRequest(seq=1)
IGNORE, IGNORE6 = "net.ipv4.icmp_echo_ignore_all", "net.ipv6.icmp.echo_ignore_all"


@pytest.mark.parametrize(
    ("echo", "setting", "counter"), [(ECHO, IGNORE, "Icmp_InEchos"), (ECHO6, IGNORE6, "Ip6_Icmp6InEchos")]
)
def test_a_node_that_ignores_echoes_is_named_if_it_counted_one(echo, setting, counter):
    assert reasons(echo, sysctls={setting: "1"}, **{counter: 1}) == ["b ignores echo requests"]
    assert reasons(echo, sysctls={setting: "1"}) == [""]
    assert reasons(echo, sysctls={setting: "0"}, **{counter: 1}) == [""]
    wrong = {IGNORE: IGNORE6, IGNORE6: IGNORE}[setting]
    assert reasons(echo, sysctls={wrong: "1"}, **{counter: 1}) == [""]


def test_an_echo_that_was_answered_and_a_reply_were_not_ignored():
    reply = IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=0, seq=1)
    both = outcomes(ECHO, (2, reply), sysctls={IGNORE: "1"}, Icmp_InEchos=1)  # set after the answer was sent
    assert (both[0].kind, both[0].reason) == ("delivered", "")
    came = IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(type=0, seq=1)
    assert reasons(came, sysctls={IGNORE: "1"}, Icmp_InEchos=1) == [""]


FILTER = "the reverse path filter: answers to its source 10.9.0.1 would leave by eth1, not by eth0"


def test_a_packet_for_the_node_itself_meets_the_reverse_path_filter_too():
    strict, moved = {"rp_filter": 1}, {"TcpExt_IPReversePathFilter": 1}
    assert reasons(datagram(source="10.9.0.1"), details=strict, **moved) == [FILTER]
    assert reasons(datagram(source="10.9.0.1"), details=strict) == [""]
    assert reasons(datagram(), details=strict, **moved) == [""]  # the counter moved, but not for this packet
    assert reasons(datagram(source="10.9.0.1"), details={"rp_filter": 0}, **moved) == [""]
    answer = 2, IP(src="10.0.0.2", dst="10.9.0.1") / UDP(sport=9, dport=5) / b"answer"
    assert reasons(datagram(source="10.9.0.1"), answer, details=strict, **moved)[0] == ""


@pytest.mark.parametrize(("length", "wrong"), [(9, False), (10, True), (8, False), (7, True), (0, True), (65535, True)])
def test_a_udp_length_that_cannot_be_is_named_if_the_node_counted_an_error(length, wrong):
    """The datagram has 8 octets of header and one of data."""
    packet = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5, dport=9, len=length, chksum=0) / b"x"
    reason = f"its UDP header says that it has {length} octets, and it has 9"
    assert (reasons(packet, Udp_InErrors=1) == [reason]) is wrong
    assert reasons(packet) == [""]


@pytest.mark.parametrize(("words", "wrong"), [(4, True), (0, True), (5, False)])
def test_a_tcp_header_that_is_too_short_is_named_if_the_node_counted_an_error(words, wrong):
    packet = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=5, dport=9, dataofs=words) / b"x"
    expected = f"its TCP header says that the header has {words * 4} octets: at least 20 are needed" if wrong else ""
    assert reasons(packet, Tcp_InErrs=1) == [expected]
    assert reasons(packet) == [""]
