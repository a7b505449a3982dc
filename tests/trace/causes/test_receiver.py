"""What a receiver counted is said of a packet only if it may have met it, and if the count fits."""

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from cnetkit.trace.causes.receiver import LOSSES
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

OWN, OTHER, SENDER = "02:00:00:00:00:02", "02:00:00:00:00:09", "02:00:00:00:00:01"


def snapshot(time, counters):
    interfaces = (Interface("b", "eth0", 2, "veth", OWN, 1500, True, addresses=("10.0.0.2/24", "fd00::2/64")),)
    return Topology(time, (Node("b", "host"),), interfaces, counters={"b": {"Ip.InReceives": time} | counters})


def syn(source, port=90, flags="S", mac=OWN):
    sent = IP(src=f"10.0.0.{source}", dst="10.0.0.2", id=source) / TCP(
        sport=1000 + source, dport=port, flags=flags, seq=9
    )
    return bytes(Ether(src=SENDER, dst=mac) / sent)


def outcomes(frames, **counters):
    captured = [("b/eth0", 1, 10 + at, frame) for at, frame in enumerate(frames)]
    named = {f"TcpExt.{name}" if name != "InSegs" else "Tcp.InSegs": value for name, value in counters.items()}
    around = snapshot(0, {}), snapshot(100, named)
    return [journey.outcome for journey in explain(recording_of(frames_of(captured), around)).journeys]


FULL = "the listener's queue of connections was full"


def test_a_counter_is_not_credited_to_a_segment_that_may_not_have_come_to_tcp():
    """The counter moved, but not for this packet: one of the two was dropped before TCP."""
    both = outcomes([syn(5), syn(6)], ListenOverflows=1, InSegs=2)
    assert [one.reason for one in both] == [f"one of these may have taken it: {FULL}"] * 2
    assert [one.reason for one in outcomes([syn(5), syn(6)], ListenOverflows=1, InSegs=1)] == ["", ""]
    assert [one.reason for one in outcomes([syn(5), syn(6)], ListenOverflows=2, InSegs=2)] == [FULL] * 2


def test_a_flooded_copy_for_another_host_never_comes_to_tcp():
    first, _ = outcomes([syn(5), syn(6, mac=OTHER)], ListenOverflows=1, InSegs=1)
    assert (first.kind, first.reason) == ("dropped", FULL)


HALF_OPEN = "the listener's queue of half-open connections (SYN backlog) was full"


def test_the_last_syns_to_one_port_found_the_queue_of_half_open_connections_full():
    found = outcomes([syn(n) for n in (5, 6, 7, 8)], TCPReqQFullDrop=2, InSegs=4)
    assert [one.reason == HALF_OPEN for one in found] == [False, False, True, True]


@pytest.mark.parametrize(
    "frames",
    [
        [syn(5), syn(6), syn(7, 91), syn(8)],  # another listener
        [syn(5), syn(6), syn(7), syn(5)],  # sent again, and perhaps in the queue already
        [syn(5), syn(6), syn(5, flags="A"), syn(7), syn(8)],  # a connection left the queue
    ],
)
def test_which_syn_found_the_queue_full_may_not_be_known(frames):
    found = outcomes(frames, TCPReqQFullDrop=2, InSegs=len(frames))
    assert HALF_OPEN not in [one.reason for one in found]


def arrived(*packets, **counters):
    """The outcomes of packets that came in at b, whose counters grew from 0."""
    captured = [("b/eth0", 1, 10 + at, bytes(Ether(src=SENDER, dst=OWN) / item)) for at, item in enumerate(packets)]
    named = {name.replace("_", "."): value for name, value in counters.items()}
    around = snapshot(0, {}), snapshot(100, named)
    return [journey.outcome for journey in explain(recording_of(frames_of(captured), around)).journeys]


def of_kind(kind, version, number):
    network = (
        IPv6(src="fd00::1", dst="fd00::2", fl=number) if version == 6 else IP(src="10.0.0.1", dst="10.0.0.2", id=number)
    )
    flags = {"syn": "S", "segment": "PA"}.get(kind)
    if flags is None:
        return network / UDP(sport=number, dport=90) / b"ask"
    return network / TCP(sport=number, dport=90, flags=flags, seq=number) / (b"" if kind == "syn" else b"data")


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.counter)
@pytest.mark.parametrize("version", [4, 6])
def test_a_reason_is_named_for_all_that_may_have_met_it_or_as_one_that_may_have_been(loss, version):
    counts = loss.version in (0, version)
    packets = [of_kind(loss.kind, version, number) for number in (1, 2)]
    counter = loss.counter.replace(".", "_")
    sure = [outcome.reason for outcome in arrived(*packets, Tcp_InSegs=2, **{counter: 2})]
    assert sure == [loss.words if counts else ""] * 2
    unsure = arrived(*packets, Tcp_InSegs=2, **{counter: 1})
    if counts and loss.counter not in ("Udp.RcvbufErrors", "Ip6.Udp6RcvbufErrors", "TcpExt.TCPReqQFullDrop"):
        assert [(one.kind, one.reason) for one in unsure] == [
            ("arrived", f"one of these may have taken it: {loss.words}")
        ] * 2
    more = arrived(*packets, Tcp_InSegs=2, **{counter: 3})  # the counter moved for others too
    assert [outcome.reason for outcome in more] == ["", ""]


@pytest.mark.parametrize(
    ("counter", "packet"),
    [
        ("Udp_RcvbufErrors", of_kind("segment", 4, 1)),
        ("TcpExt_TCPBacklogDrop", of_kind("datagram", 4, 1)),
        ("TcpExt_ListenOverflows", of_kind("segment", 4, 1)),
        ("TcpExt_TCPBacklogDrop", IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=1, dport=90, flags="A")),
        ("Ip_InDiscards", of_kind("datagram", 6, 1)),
    ],
)
def test_the_counter_moved_but_not_for_a_packet_of_this_kind(counter, packet):
    """A bare acknowledgement takes no number, so that none may be missed."""
    (outcome,) = arrived(packet, Tcp_InSegs=1, **{counter: 1})
    assert outcome.reason == ""


def test_what_another_counter_counts_as_well_is_not_counted_twice():
    """Udp.InErrors counts full buffers and wrong checksums too, ListenDrops each full queue."""
    one = of_kind("datagram", 4, 1)
    refused = "the socket refused it: a socket filter, or a policy"
    assert arrived(one, Udp_InErrors=1)[0].reason == refused
    assert arrived(one, Udp_InErrors=1, Udp_RcvbufErrors=1)[0].reason == "the socket's receive buffer was full"
    assert arrived(one, Udp_InErrors=2, Udp_InCsumErrors=1)[0].reason == refused
    assert arrived(one, Udp_InErrors=1, Udp_InCsumErrors=1)[0].reason == ""
    dropped = "the listener dropped it: its queue was full or it had no memory"
    assert arrived(of_kind("syn", 4, 1), Tcp_InSegs=1, TcpExt_ListenDrops=1)[0].reason == dropped
    assert arrived(of_kind("syn", 4, 1), Tcp_InSegs=1, TcpExt_ListenDrops=1, TcpExt_ListenOverflows=1)[0].reason == FULL


def test_what_was_answered_met_nothing():
    ask, answer = of_kind("datagram", 4, 1), IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=90, dport=1) / b"answer"
    frames = [
        ("b/eth0", 1, 10, bytes(Ether(src=SENDER, dst=OWN) / ask)),
        ("b/eth0", 2, 11, bytes(Ether(src=OWN, dst=SENDER) / answer)),
    ]
    around = snapshot(0, {}), snapshot(100, {"Udp.InErrors": 1})
    first = explain(recording_of(frames_of(frames), around)).journeys[0].outcome
    assert (first.kind, first.reason) == ("delivered", "")


def test_two_reasons_that_both_may_have_been_are_both_named():
    packets = [of_kind("datagram", 4, number) for number in (1, 2, 3)]
    words = "UDP's memory was used up; or the node discarded it, for want of memory or by a policy"
    found = arrived(*packets, Udp_MemErrors=1, Ip_InDiscards=1)
    assert [(one.kind, one.reason) for one in found] == [("arrived", f"one of these may have taken it: {words}")] * 3
    assert [e.quote for e in found[0].evidence] == ["Udp.MemErrors went from 0 to 1", "Ip.InDiscards went from 0 to 1"]


class Forwarded:
    """Packets that came to the router b for another host, around which IPsec's counter grew."""

    @staticmethod
    def reasons(*ways, **counters):
        """`ways`: whether each was sent on."""
        frames = []
        for number, sent_on in enumerate(ways, 1):
            packet = IP(src="10.0.0.1", dst="10.7.0.2", id=number) / UDP(sport=number, dport=90) / b"ask"
            frames.append(("b/eth0", 1, 10 * number, bytes(Ether(src=SENDER, dst=OWN) / packet)))
            if sent_on:
                packet.ttl = 63
                frames.append(("b/eth1", 2, 10 * number + 1, bytes(Ether(src=OWN, dst=SENDER) / packet)))
        named = {name.replace("_", "."): value for name, value in counters.items()}
        around = snapshot(0, {}), snapshot(100, named)
        return [journey.outcome.reason for journey in explain(recording_of(frames_of(frames), around)).journeys]


def test_an_ipsec_policy_that_blocked_all_that_was_not_sent_on_is_named():
    blocks = "an IPsec policy (xfrm) of the node blocks it"
    assert Forwarded.reasons(False, False, Xfrm_InPolBlock=2) == [blocks] * 2
    assert Forwarded.reasons(False, True, Xfrm_InPolBlock=1) == [blocks, ""]
    assert blocks not in Forwarded.reasons(False, False, Xfrm_InPolBlock=1)
    assert blocks not in Forwarded.reasons(False, Xfrm_InPolBlock=2)
    assert blocks not in Forwarded.reasons(False, Ip_InDiscards=1)
