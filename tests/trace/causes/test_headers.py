"""A length in a UDP or TCP header is called impossible just where it is, and only if the node counted such a packet."""

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.causes.at_b import OWN, at_b
from tests.trace.loading import frames_of, recording_of

HEADS = {4: IP(src="10.0.0.1", dst="10.0.0.2", id=7), 6: IPv6(src="fd00::1", dst="fd00::2")}


def ended(rows, counter, grown=1):
    interfaces = (Interface("b", "eth0", 2, "veth", OWN, 1500, True, addresses=("10.0.0.2/24", "fd00::2/64")),)
    around = [Topology(time, (Node("b", "host"),), interfaces, counters={"b": {"Ip.InReceives": n, counter: 4 + n * grown}})
              for time, n in ((0, 0), (100, 1))]  # fmt: skip
    (journey,) = explain(recording_of(frames_of(rows), around)).journeys
    return journey.outcome


def blamed(outcome):
    return "header says" in outcome.reason


def told(outcome):
    return outcome.reason, [(e.kind, e.quote, e.source, e.strength) for e in outcome.evidence]


@pytest.mark.parametrize(
    ("version", "named", "wrong"),
    [(4, 17, False), (4, 18, False), (4, 19, True), (4, 8, False), (4, 7, True), (4, 0, True), (4, 256, True), (4, 65535, True),
     (6, 18, False), (6, 19, True), (6, 8, False), (6, 7, True), (6, 1, True), (6, 0, False)],
)  # fmt: skip
def test_a_datagram_is_not_longer_than_it_is_nor_shorter_than_its_header(version, named, wrong):
    """18 octets, of which the header is 8. An IPv6 jumbogram names none (RFC 2675, 4)."""
    counter = {4: "Udp.InErrors", 6: "Ip6.Udp6InErrors"}[version]
    rows = at_b([HEADS[version] / UDP(sport=5, dport=53, len=named, chksum=1) / b"0123456789"])
    outcome = ended(rows, counter)
    evidence = [("counter", f"{counter} went from 4 to 5", "b counters", "table")]
    if wrong:
        assert (outcome.kind, outcome.where) == ("dropped", "b/eth0")
        assert told(outcome) == (f"its UDP header says that it has {named} octets, and it has 18", evidence)
    else:
        assert not blamed(outcome)
    assert not blamed(ended(rows, counter, grown=0))
    assert not blamed(ended(rows, "Tcp.InErrs"))


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("words", "wrong"), [(0, True), (1, True), (4, True), (5, False), (6, False), (15, False)])
def test_a_tcp_header_has_at_least_twenty_octets(version, words, wrong):
    rows = at_b([HEADS[version] / TCP(sport=5, dport=80, seq=9, dataofs=words, chksum=1) / bytes(40)])
    outcome = ended(rows, "Tcp.InErrs")
    if wrong:
        said = f"its TCP header says that the header has {words * 4} octets: at least 20 are needed"
        assert told(outcome) == (said, [("counter", "Tcp.InErrs went from 4 to 5", "b counters", "table")])
    assert blamed(outcome) is wrong


@pytest.mark.parametrize("missing", [1, 4, 11])
def test_nothing_is_said_of_a_header_that_was_not_captured_whole(missing):
    (place, way, time, octets), = at_b([HEADS[4] / UDP(sport=5, dport=53, len=9999, chksum=1) / b"012"])  # fmt: skip
    assert blamed(ended([(place, way, time, octets)], "Udp.InErrors"))
    assert not blamed(ended([(place, way, time, octets[:-missing])], "Udp.InErrors"))


@pytest.mark.parametrize(("octets", "wrong"), [(7, False), (8, True)])
def test_a_datagram_shorter_than_a_udp_header_has_no_length_to_judge(octets, wrong):
    header = bytes(UDP(sport=5, dport=53, len=9999, chksum=1))[:octets]
    rows = at_b([IP(src="10.0.0.1", dst="10.0.0.2", id=7, proto=17) / header])
    assert blamed(ended(rows, "Udp.InErrors")) is wrong
