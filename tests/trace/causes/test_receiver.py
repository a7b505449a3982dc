"""What TCP counted is said of a segment only if every segment came to TCP, and if the count fits."""

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

OWN, OTHER, SENDER = "02:00:00:00:00:02", "02:00:00:00:00:09", "02:00:00:00:00:01"


def snapshot(time, counters):
    interfaces = (Interface("b", "eth0", 2, "veth", OWN, 1500, True, addresses=("10.0.0.2/24",)),)
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
