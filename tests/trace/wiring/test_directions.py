"""Directions that a capture file does not contain."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Topology
from cnetkit.recording import Recording
from cnetkit.recording.frames import IN, OUT, UNKNOWN, Tap
from cnetkit.trace.engine import join
from tests.recording.conftest import make_frames
from tests.trace.loading import read_pcapng, recording_of

TRUTH = Path(__file__).parents[2] / "data" / "truth"


def test_directions_are_inferred_from_the_order_on_each_cable():
    frames = read_pcapng(TRUTH / "portmap.pcapng")
    joined = join(recording_of(replace(frames, direction=frames.direction * 0)))
    assert (joined.direction == frames.direction).mean() > 0.999


def test_times_in_microseconds_do_not_break_journeys():
    frames = read_pcapng(TRUTH / "portmap.pcapng")
    exact = join(recording_of(frames))
    coarse = join(recording_of(replace(frames, time_ns=frames.time_ns // 1000 * 1000)))
    assert (exact.journey == coarse.journey).all()


@pytest.mark.parametrize(("times", "ways"), [(2, [OUT, IN] * 3), (1, [IN] * 3)])
def test_a_loopback_packet_is_captured_twice_or_once(times, ways):
    packets = [bytes(Ether(src="00:00:00:00:00:00", dst="00:00:00:00:00:00") / IP(src="127.0.0.1", dst="127.0.0.1", id=n)
                     / UDP(sport=1, dport=2) / b"x") for n in (1, 2, 3)]  # fmt: skip
    frames = make_frames([Tap("host", "lo")], [(0, UNKNOWN, n, packets[n // times]) for n in range(3 * times)])
    joined = join(Recording(frames))
    assert joined.direction.tolist() == ways
    assert joined.journey.tolist() == np.repeat([0, 1, 2], times).tolist()


@pytest.mark.parametrize("lost", [0, 1])
def test_of_identical_packets_the_earlier_capture_is_not_assumed_to_be_the_sender(lost):
    packet = bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2", id=0)
                   / UDP(sport=1, dport=2) / b"still here")  # fmt: skip
    sent = [(0, UNKNOWN, n * 30_000_000, packet) for n in range(1 + lost, 20)]
    came = [(1, UNKNOWN, n * 30_000_000 + 1_000_000, packet) for n in range(19)]
    rows = sorted(sent + came, key=lambda row: row[2])
    joined = join(Recording(make_frames([Tap("a", "eth0"), Tap("b", "eth0")], rows)))
    assert [int(way) for way in joined.direction] == [OUT if row[0] == 0 else IN for row in rows]
    for journey in set(joined.journey.tolist()):
        numbers = {row[2] // 30_000_000 for row, its in zip(rows, joined.journey, strict=True) if its == journey}
        assert len(numbers) == 1


def test_no_direction_is_guessed_from_captures_that_never_ran_together():
    packet = bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2", id=0)
                   / UDP(sport=1, dport=2) / b"still here")  # fmt: skip
    rows = [(1, UNKNOWN, 1_000_000, packet), (0, UNKNOWN, 30_000_000, packet)]
    joined = join(Recording(make_frames([Tap("a", "eth0"), Tap("b", "eth0")], rows)))
    assert joined.direction.tolist() == [UNKNOWN, UNKNOWN]


def test_clock_error_is_not_taken_for_a_hairpin():
    """A group-addressed packet sent twice: the second time it seems to arrive before it was sent."""
    report = bytes(Ether(src="02::1", dst="01:00:5e:00:00:16") / IP(src="10.0.0.1", dst="224.0.0.22", id=0) / b"report")
    taps = [Tap("a", "x", clock="a"), Tap("b", "x", clock="b")]
    asked = [
        bytes(Ether(src="02::1", dst="02::2") / IP(src="10.0.0.1", dst="10.0.0.2", id=n) / UDP()) for n in range(1, 9)
    ]
    back = [
        bytes(Ether(src="02::2", dst="02::1") / IP(src="10.0.0.2", dst="10.0.0.1", id=n) / UDP()) for n in range(1, 9)
    ]
    rows = [
        (place, way, 10**6 * n + late, item)
        for n, item in enumerate(asked)
        for place, way, late in ((0, OUT, 0), (1, IN, 90_000))
    ]
    rows += [
        (place, way, 10**6 * n + late, item)
        for n, item in enumerate(back)
        for place, way, late in ((1, OUT, 500_000), (0, IN, 590_000))
    ]
    rows += [
        (place, UNKNOWN, at, report)
        for place, at in ((0, 10**7), (1, 10**7 + 20_000), (1, 6 * 10**8), (0, 6 * 10**8 + 9_000))
    ]
    joined = join(Recording(make_frames(taps, sorted(rows, key=lambda row: row[2]))))
    assert OUT not in joined.direction[-2:-1].tolist()


def test_one_end_of_a_cable_decides_the_direction_at_the_other_despite_clock_error():
    """If one file has microseconds and another one nanoseconds, the receiver may seem to be first."""
    taps = [Tap("a", "x"), Tap("b", "x")]
    packets = [
        bytes(Ether(src="02::1", dst="02::2") / IP(src="10.0.0.1", dst="10.0.0.2", id=n) / UDP()) for n in range(1, 21)
    ]
    rows = []
    for n, packet in enumerate(packets):
        early = n % 5 == 4  # each fifth packet arrives within the microsecond in which it was sent
        sent = 10**7 * n + (70 if early else 0)
        rows += [(0, OUT, sent, packet), (1, UNKNOWN, (sent + (20 if early else 9_500)) // 1000 * 1000, packet)]
    rows.sort(key=lambda row: row[2])
    joined = join(Recording(make_frames(taps, rows)))
    assert [int(way) for way in joined.direction] == [OUT if row[0] == 0 else IN for row in rows]


@pytest.mark.parametrize(
    ("order", "ways"),
    [
        ("abba", [OUT, IN, OUT, IN]),  # a bridge port in hairpin mode sends it back
        ("abbb", [OUT, IN, IN, IN]),  # two sendings were lost at a
        ("abaa", [OUT, IN, OUT, OUT]),  # two of three did not arrive
        ("aaba", [OUT, OUT, IN, OUT]),
        ("abab", [OUT, IN, OUT, IN]),
        ("aabb", [OUT, OUT, IN, IN]),
    ],
)
def test_only_there_and_back_again_is_a_hairpin(order, ways):
    """Four sightings of one group-addressed packet without a number at the two ends of a cable, 5 ms apart."""
    report = bytes(Ether(src="02::1", dst="01:00:5e:00:00:16") / IP(src="10.0.0.1", dst="224.0.0.22", id=0) / b"report")
    rows = [("ab".index(place), UNKNOWN, at * 5_000_000, report) for at, place in enumerate(order)]
    joined = join(Recording(make_frames([Tap("a", "x"), Tap("b", "x")], rows)))
    known = [(way, true) for way, true in zip(joined.direction.tolist(), ways, strict=True) if way != UNKNOWN]
    assert all(way == true for way, true in known)
    assert len(known) == 4 or order != "abba"


MAC, PEER, THIRD = ("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03")


def at_one_tap(*interfaces):
    """Directions of frames from the interface, to it, from its peer to all, and between others, at a tap without directions."""
    ends = [(MAC, PEER), (PEER, MAC), (PEER, "ff:ff:ff:ff:ff:ff"), (THIRD, "02:00:00:00:00:04")]
    frames = [
        (
            0,
            UNKNOWN,
            n * 1_000_000,
            bytes(Ether(src=src, dst=dst) / IP(src="10.0.0.1", dst="10.0.0.2", id=n) / UDP() / b"x"),
        )
        for n, (src, dst) in enumerate(ends)
    ]
    topologies = (Topology(interfaces=interfaces),) if interfaces else ()
    return join(recording_of(make_frames([Tap("host", "eth0")], frames), topologies)).direction.tolist()


def test_what_an_interface_sent_went_out_and_what_was_for_it_came_in():
    assert at_one_tap(Interface("host", "eth0", mac=MAC)) == [OUT, IN, IN, UNKNOWN]


@pytest.mark.parametrize("interfaces", [(), (Interface("host", "eth0"),), (Interface("host", "eth1", mac=MAC),)])
def test_without_the_interfaces_own_address_no_direction_is_guessed(interfaces):
    assert at_one_tap(*interfaces) == [UNKNOWN] * 4
