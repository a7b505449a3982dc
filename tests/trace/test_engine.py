"""Finding journeys: compared with tagged packets, and the law of completeness."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from cnetkit.trace.engine import _stacks_in_order, join
from tests.trace.loading import frames_of, read_pcapng, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
TRUTH = Path(__file__).parent.parent / "data" / "truth"


def journeys_of(joined):
    return [set(np.flatnonzero(joined.journey == n).tolist()) for n in range(joined.journey.max(initial=-1) + 1)]


def test_the_tagged_packets_of_a_published_port_are_whole_without_a_topology():
    truth = json.loads((TRUTH / "portmap.truth.json").read_text())
    result = journeys_of(join(recording_of(read_pcapng(TRUTH / "portmap.pcapng"))))
    owner = {n: tag for tag, frames in truth["journeys"].items() for n in frames}
    assert not [j for j in result if len({owner[n] for n in j if n in owner}) > 1]
    whole = [tag for tag, frames in truth["journeys"].items() if set(frames) in result]
    assert len(whole) >= 0.999 * len(truth["journeys"])


@pytest.mark.parametrize("hidden", [(1,), (2,), (2, 3), (1, 5), (0, 2, 4)])
def test_no_wrong_join_if_interfaces_were_not_captured(hidden):
    truth = json.loads((TRUTH / "portmap.truth.json").read_text())["journeys"]
    frames = read_pcapng(TRUTH / "portmap.pcapng")
    kept = np.flatnonzero(~np.isin(frames.tap, hidden))
    names = ("tap", "direction", "time_ns", "start", "captured", "length")
    captured = replace(frames, **{name: getattr(frames, name)[kept] for name in names})
    result = [{int(kept[n]) for n in j} for j in journeys_of(join(recording_of(captured)))]
    owner = {n: tag for tag, members in truth.items() for n in members}
    assert not [j for j in result if len({owner[n] for n in j if n in owner}) > 1]
    rest = [left for members in truth.values() if (left := set(members) & set(kept.tolist()))]
    assert sum(left in result for left in rest) >= 0.99 * len(rest)


PLACES = ("a/eth0", "r/p1", "r/p2", "r/br0", "b/eth0", "b/lo")
PACKETS = [
    bytes(
        Ether(src=f"02:00:00:00:00:0{m}", dst="02:00:00:00:00:09") / IP(src=s, dst=d, ttl=t, id=0) / UDP() / Raw(b"x")
    )
    for m in (1, 2)
    for s, d in (("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1"), ("10.0.0.1", "10.0.1.1"))
    for t in (64, 63)
] + [bytes(Ether(**MACS) / ARP(pdst="10.0.0.2"))]
PACKETS += [
    bytes(Ether(**MACS) / part)
    for ttl in (64, 63)
    for part in fragment(IP(src="10.0.0.1", dst="10.0.0.2", id=5, ttl=ttl) / UDP() / Raw(bytes(range(90))), 40)
]
PACKETS += [
    bytes(
        Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2", id=at) / TCP(seq=9 + at, ack=1) / Raw(bytes(range(at, end)))
    )
    for at, end in ((0, 60), (0, 20), (20, 60), (20, 40), (40, 60), (10, 50))
]

CAPTURED = st.tuples(
    st.sampled_from(PLACES),
    st.integers(0, 2),
    st.integers(0, 40),
    st.one_of(st.sampled_from(PACKETS), st.binary(max_size=60)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CAPTURED, max_size=40))
def test_every_frame_belongs_to_one_journey_or_is_unexplained_with_a_reason(seen):
    joined = join(recording_of(frames_of(seen)))
    count = joined.journey.max(initial=-1) + 1
    for number in range(count):
        members = np.flatnonzero(joined.journey == number)
        first = members[joined.parent[members] < 0]
        assert len(first)
        pieces = (
            joined.units.unit.size or joined.incomplete.any()
        )  # these have no frame in common, and neither has a frame that arrived
        flood = (joined.columns.eth_dst[first] >> np.uint64(40)) & np.uint64(
            1
        )  # at several places whose sending was not captured
        assert len(first) == 1 or pieces or flood.all()
        assert all(joined.journey[joined.parent[m]] == number for m in members if joined.parent[m] >= 0)
    assert ((joined.journey < 0) == (joined.columns.problem > 0)).all()


def udp(n, ttl=64, src="10.0.0.1", dst="10.0.0.2", sport=9, dport=9):
    mac = "02:00:00:00:00:01" if ttl == 64 else "02:00:00:00:00:03"
    return bytes(
        Ether(src=mac, dst="02:00:00:00:00:02")
        / IP(src=src, dst=dst, ttl=ttl, id=n)
        / UDP(sport=sport, dport=dport)
        / Raw(b"x")
    )


def test_identical_packets_pair_in_order_on_each_link():
    captured = [("a/eth0", 2, t, udp(0)) for t in range(5)] + [("b/eth0", 1, 10 + t, udp(0)) for t in range(5)]
    joined = join(recording_of(frames_of(captured)))
    assert joined.parent.tolist() == [-1] * 5 + [0, 1, 2, 3, 4]


def test_identical_packets_are_ambiguous_if_one_of_them_was_lost():
    captured = [("a/eth0", 2, 0, udp(1)), ("b/eth0", 1, 9, udp(1))]
    captured += [("a/eth0", 2, 100, udp(0)), ("a/eth0", 2, 200, udp(0)), ("b/eth0", 1, 300, udp(0))]
    joined = join(recording_of(frames_of(captured)))
    assert joined.parent.tolist() == [-1, 0, -1, -1, -1]
    assert joined.ambiguous.tolist() == [False] * 4 + [True]


def test_a_retransmission_after_a_loss_is_distinguished_by_time():
    captured = [("a/eth0", 2, 0, udp(1)), ("b/eth0", 1, 9, udp(1)), ("a/eth0", 2, 100, udp(0))]
    captured += [("a/eth0", 2, 10**9, udp(0)), ("b/eth0", 1, 10**9 + 300, udp(0))]
    joined = join(recording_of(frames_of(captured)))
    assert joined.parent.tolist() == [-1, 0, -1, -1, 3]


def test_an_echoed_packet_is_a_journey_of_its_own():
    there, back = udp(0, sport=5), udp(0, src="10.0.0.2", dst="10.0.0.1", dport=5)
    captured = [("a/eth0", 2, 0, there), ("b/eth0", 1, 5, there), ("b/eth0", 2, 9, back), ("a/eth0", 1, 14, back)]
    assert join(recording_of(frames_of(captured))).parent.tolist() == [-1, 0, -1, 2]


def test_a_router_decrements_the_ttl():
    captured = [("r/in", 1, 0, udp(3)), ("r/out", 2, 5, udp(3, ttl=63)), ("r/x", 2, 6, udp(3, ttl=60))]
    assert join(recording_of(frames_of(captured))).parent.tolist() == [-1, 0, -1]


def test_a_syn_ack_without_identification_is_distinguished_by_its_sequence_number():
    def syn(seq):
        return bytes(Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2", id=0) / TCP(seq=seq, flags="SA"))

    captured = [("a/eth0", 2, 0, syn(1)), ("a/eth0", 2, 1, syn(2)), ("b/eth0", 1, 2, syn(2)), ("b/eth0", 1, 3, syn(1))]
    assert join(recording_of(frames_of(captured))).parent.tolist() == [-1, -1, 1, 0]


@pytest.mark.parametrize("ways", [(1, 1, 1), (2, 2, 2), (1, 2, 1)])
def test_of_equal_times_what_was_received_below_comes_first(ways):
    """A macvlan (tap 2) on a VLAN (tap 1) on tap 0, whose frames stand in the file from the top down."""
    wiring = SimpleNamespace(below=np.array([-1, 0, 1]))
    taps, times = [2, 1, 0, 2, 1, 0], [7, 7, 7, 3, 3, 3]
    units = SimpleNamespace(tap=np.array(taps), direction=np.array([ways[tap] for tap in taps]), time=np.array(times))
    order = _stacks_in_order(np.array([3, 4, 5, 0, 1, 2]), units, wiring)
    level = [tap if ways[tap] == 1 else 0 for tap in taps]
    assert order.tolist() == sorted([3, 4, 5, 0, 1, 2], key=lambda n: (times[n], level[n]))
