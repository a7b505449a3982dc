"""Fragments of one datagram are one journey; what is joined is the datagram."""

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from cnetkit.trace import explain
from cnetkit.trace.engine import join
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def datagram(number=7, size=3000, ttl=64, fill=b"x"):
    return IP(src="10.0.0.1", dst="10.0.0.2", id=number, ttl=ttl) / UDP(sport=5, dport=53) / Raw(fill * size)


def sent(packet, size=1480):
    return [bytes(Ether(**MACS) / part) for part in fragment(packet, fragsize=size)]


def seen(place, way, begin, parts):
    return [(place, way, begin + at, part) for at, part in enumerate(parts)]


def test_all_fragments_are_one_journey_and_each_has_a_parent_of_its_own():
    parts = sent(datagram())
    joined = join(recording_of(frames_of(seen("a/eth0", 2, 0, parts) + seen("b/eth0", 1, 10, parts))))
    assert set(joined.journey.tolist()) == {0}
    assert joined.parent.tolist() == [-1, -1, -1, 0, 1, 2]


def test_a_router_may_cut_a_datagram_and_each_fragment_comes_from_the_whole():
    whole, parts = [bytes(Ether(**MACS) / datagram(size=1400))], sent(datagram(size=1400, ttl=63), 560)
    joined = join(recording_of(frames_of(seen("r/in", 1, 0, whole) + seen("r/out", 2, 5, parts))))
    assert joined.parent.tolist() == [-1, 0, 0, 0]


def test_fragments_may_be_cut_again():
    first, again = sent(datagram()), sent(datagram(ttl=63), 960)
    joined = join(recording_of(frames_of(seen("r/in", 1, 0, first) + seen("r/out", 2, 5, again))))
    assert joined.parent.tolist() == [-1, -1, -1, 0, 0, 1, 1]


def test_what_was_put_together_comes_from_the_fragment_that_completed_it():
    parts, whole = sent(datagram()), [bytes(Ether(**MACS) / datagram(ttl=63))]
    joined = join(recording_of(frames_of(seen("r/in", 1, 0, parts) + seen("r/out", 2, 9, whole))))
    assert joined.parent.tolist() == [-1, -1, -1, 2]
    assert set(joined.journey.tolist()) == {0}


def test_two_datagrams_stay_apart_though_their_fragments_are_mixed():
    one, two = sent(datagram(1)), sent(datagram(2))
    mixed = [part for pair in zip(one, two, strict=True) for part in pair]
    joined = join(recording_of(frames_of(seen("a/eth0", 2, 0, mixed) + seen("b/eth0", 1, 10, mixed))))
    assert joined.journey.tolist() == [0, 1] * 6


def test_a_number_that_is_used_again_after_a_pause_is_another_datagram():
    one, two = sent(datagram(fill=b"x")), sent(datagram(fill=b"y"))
    joined = join(recording_of(frames_of(seen("a/eth0", 2, 0, one) + seen("a/eth0", 2, 5 * 10**9, two))))
    assert joined.journey.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_datagram_that_lacks_a_fragment_is_one_journey_and_was_not_delivered():
    parts = sent(datagram())
    taken = seen("a/eth0", 2, 0, parts) + seen("b/eth0", 1, 10, parts[:2])
    trace = explain(recording_of(frames_of([*taken, ("b/eth0", 2, 99, bytes(Ether(**MACS) / IP(src="10.0.0.2")))])))
    journey = trace.journeys[0]
    assert journey.frames == (0, 1, 2, 3, 4)
    assert journey.outcome.kind == "lost-from-sight"


@pytest.mark.parametrize("size", [1000, 1232])
def test_ipv6_numbers_may_differ_before_and_after_a_node_that_put_it_together(size):
    def cut(number, ttl):
        base = IPv6(src="fd00::1", dst="fd00::2", hlim=ttl) / IPv6ExtHdrFragment(id=number)
        return [
            bytes(Ether(**MACS) / part) for part in fragment6(base / UDP(sport=5, dport=53) / Raw(b"x" * 3000), size)
        ]

    there, then = cut(1, 64), cut(2, 63)
    joined = join(recording_of(frames_of(seen("r/in", 1, 0, there) + seen("r/out", 2, 9, then))))
    assert set(joined.journey.tolist()) == {0}
    assert joined.parent.tolist() == [-1] * len(there) + list(range(len(there)))


def test_a_fragment_shows_the_ports_of_its_datagram_and_which_octets_it_holds():
    parts = sent(datagram())
    trace = explain(recording_of(frames_of(seen("a/eth0", 2, 0, parts) + seen("b/eth0", 1, 10, parts))))
    assert trace.analysis.case.packet(1).destination == "10.0.0.2:53"
    assert [e.quote for e in trace.journeys[0].hops[1].evidence] == ["octets 1480 to 2959 of datagram 0x0007"]
    assert trace.journeys[0].hops[4].changes == ()
