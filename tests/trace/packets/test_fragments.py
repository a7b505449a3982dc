"""Fragments of one datagram are one journey; the datagram is the unit that is joined."""

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from cnetkit.trace import explain
from cnetkit.trace.engine import join
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def datagram(number=7, size=3000, ttl=64, fill=b"x"):
    return IP(src="10.0.0.1", dst="10.0.0.2", id=number, ttl=ttl) / UDP(sport=5, dport=53) / Raw(fill * size)


def sent(packet, size=1480):
    return [bytes(Ether(**MACS) / part) for part in fragment(packet, fragsize=size)]


def captured(place, way, begin, parts):
    return [(place, way, begin + at, part) for at, part in enumerate(parts)]


def test_all_fragments_are_one_journey_each_with_its_own_parent():
    parts = sent(datagram())
    joined = join(recording_of(frames_of(captured("a/eth0", 2, 0, parts) + captured("b/eth0", 1, 10, parts))))
    assert set(joined.journey.tolist()) == {0}
    assert joined.parent.tolist() == [-1, -1, -1, 0, 1, 2]


def test_fragments_made_by_a_router_have_the_whole_datagram_as_parent():
    whole, parts = [bytes(Ether(**MACS) / datagram(size=1400))], sent(datagram(size=1400, ttl=63), 560)
    joined = join(recording_of(frames_of(captured("r/in", 1, 0, whole) + captured("r/out", 2, 5, parts))))
    assert joined.parent.tolist() == [-1, 0, 0, 0]


def test_fragments_can_be_fragmented_again():
    first, again = sent(datagram()), sent(datagram(ttl=63), 960)
    joined = join(recording_of(frames_of(captured("r/in", 1, 0, first) + captured("r/out", 2, 5, again))))
    assert joined.parent.tolist() == [-1, -1, -1, 0, 0, 1, 1]


def test_the_parent_of_a_reassembled_datagram_is_the_fragment_that_completed_it():
    parts, whole = sent(datagram()), [bytes(Ether(**MACS) / datagram(ttl=63))]
    joined = join(recording_of(frames_of(captured("r/in", 1, 0, parts) + captured("r/out", 2, 9, whole))))
    assert joined.parent.tolist() == [-1, -1, -1, 2]
    assert set(joined.journey.tolist()) == {0}


def test_two_datagrams_with_interleaved_fragments_stay_separate():
    item, two = sent(datagram(1)), sent(datagram(2))
    mixed = [part for pair in zip(item, two, strict=True) for part in pair]
    joined = join(recording_of(frames_of(captured("a/eth0", 2, 0, mixed) + captured("b/eth0", 1, 10, mixed))))
    assert joined.journey.tolist() == [0, 1] * 6


def test_an_identification_reused_after_a_pause_is_another_datagram():
    item, two = sent(datagram(fill=b"x")), sent(datagram(fill=b"y"))
    joined = join(recording_of(frames_of(captured("a/eth0", 2, 0, item) + captured("a/eth0", 2, 5 * 10**9, two))))
    assert joined.journey.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_datagram_without_all_fragments_is_one_journey_and_not_delivered():
    parts = sent(datagram())
    taken = captured("a/eth0", 2, 0, parts) + captured("b/eth0", 1, 10, parts[:2])
    trace = explain(recording_of(frames_of([*taken, ("b/eth0", 2, 99, bytes(Ether(**MACS) / IP(src="10.0.0.2")))])))
    journey = trace.journeys[0]
    assert journey.frames == (0, 1, 2, 3, 4)
    assert journey.outcome.kind == "lost-from-sight"


@pytest.mark.parametrize("size", [1000, 1232])
def test_ipv6_identifications_may_change_at_a_node_that_reassembles(size):
    def cut(number, ttl):
        base = IPv6(src="fd00::1", dst="fd00::2", hlim=ttl) / IPv6ExtHdrFragment(id=number)
        return [
            bytes(Ether(**MACS) / part) for part in fragment6(base / UDP(sport=5, dport=53) / Raw(b"x" * 3000), size)
        ]

    there, then = cut(1, 64), cut(2, 63)
    joined = join(recording_of(frames_of(captured("r/in", 1, 0, there) + captured("r/out", 2, 9, then))))
    assert set(joined.journey.tolist()) == {0}
    assert joined.parent.tolist() == [-1] * len(there) + list(range(len(there)))


def test_a_fragment_shows_its_datagrams_ports_and_its_octet_range():
    parts = sent(datagram())
    trace = explain(recording_of(frames_of(captured("a/eth0", 2, 0, parts) + captured("b/eth0", 1, 10, parts))))
    assert trace.analysis.case.packet(1).destination == "10.0.0.2:53"
    assert [e.quote for e in trace.journeys[0].hops[1].evidence] == ["octets 1480 to 2959 of datagram 0x0007"]
    assert trace.journeys[0].hops[4].changes == ()


def link_header(parts):
    """(source, target) of the datagram put together from these fragments, and those of the tunnel around it."""
    joined = join(recording_of(frames_of(captured("a/eth0", 2, 0, parts))))
    (whole,) = range(len(parts), len(joined.units))
    columns = joined.units.columns
    return tuple(
        (int(getattr(columns, f"{prefix}eth_src")[whole]), int(getattr(columns, f"{prefix}eth_dst")[whole]))
        for prefix in ("", "outer_")
    )


def test_a_datagram_has_the_mac_addresses_of_its_fragments_and_its_tunnel_those_around_it():
    around = Ether(src="02:00:00:00:00:11", dst="02:00:00:00:00:12")
    outer = IP(src="192.0.2.1", dst="192.0.2.2", id=3) / UDP(sport=4000, dport=4789) / VXLAN(vni=42)
    plain = sent(datagram())
    assert link_header(plain) == ((0x020000000001, 0x020000000002), (0, 0))
    tunnelled = fragment(outer / Ether(**MACS) / datagram(size=2000), fragsize=1000)
    assert link_header([bytes(around / part) for part in tunnelled]) == (
        (0x020000000001, 0x020000000002),
        (0x020000000011, 0x020000000012),
    )
    assert link_header([bytes(around / outer / part) for part in plain]) == (
        (0x020000000001, 0x020000000002),
        (0x020000000011, 0x020000000012),
    )


def test_each_fragment_stands_for_its_whole_datagram():
    """The first one has no offset, the last one no more after it."""
    parts = sent(datagram())
    trace = explain(
        recording_of(frames_of([*captured("a/eth0", 2, 0, parts), ("a/eth0", 2, 9, sent(datagram(8, 9))[0])]))
    )
    case = trace.analysis.case
    assert [case.packet(frame).destination for frame in range(4)] == ["10.0.0.2:53"] * 4
    assert case.whole[:3].tolist() == [4, 4, 4]
    assert case.whole[3] == 3
