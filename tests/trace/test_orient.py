"""Directions that a capture file leaves out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loading import read_pcapng, recording_of
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.recording import Recording
from cnetkit.recording.frames import IN, OUT, UNKNOWN, Tap
from cnetkit.trace.engine import join
from tests.recording.conftest import make_frames

TRUTH = Path(__file__).parent.parent / "data" / "truth"


def test_directions_that_were_not_recorded_are_found_out_from_the_order_on_each_cable():
    frames = read_pcapng(TRUTH / "portmap.pcapng")
    joined = join(recording_of(replace(frames, direction=frames.direction * 0)))
    assert (joined.direction == frames.direction).mean() > 0.999


def test_times_in_microseconds_do_not_break_journeys():
    frames = read_pcapng(TRUTH / "portmap.pcapng")
    exact = join(recording_of(frames))
    coarse = join(recording_of(replace(frames, time_ns=frames.time_ns // 1000 * 1000)))
    assert (exact.journey == coarse.journey).all()


@pytest.mark.parametrize(("times", "ways"), [(2, [OUT, IN] * 3), (1, [IN] * 3)])
def test_at_a_loopback_a_packet_goes_out_and_comes_in_or_is_recorded_once(times, ways):
    packets = [bytes(Ether(src="00:00:00:00:00:00", dst="00:00:00:00:00:00") / IP(src="127.0.0.1", dst="127.0.0.1", id=n)
                     / UDP(sport=1, dport=2) / b"x") for n in (1, 2, 3)]  # fmt: skip
    frames = make_frames([Tap("host", "lo")], [(0, UNKNOWN, n, packets[n // times]) for n in range(3 * times)])
    joined = join(Recording(frames))
    assert joined.direction.tolist() == ways
    assert joined.journey.tolist() == np.repeat([0, 1, 2], times).tolist()


@pytest.mark.parametrize("lost", [0, 1])
def test_of_packets_that_look_alike_the_one_captured_earlier_is_not_taken_for_the_sender(lost):
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


def test_of_two_captures_that_never_ran_at_once_no_direction_is_guessed():
    packet = bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2", id=0)
                   / UDP(sport=1, dport=2) / b"still here")  # fmt: skip
    rows = [(1, UNKNOWN, 1_000_000, packet), (0, UNKNOWN, 30_000_000, packet)]
    joined = join(Recording(make_frames([Tap("a", "eth0"), Tap("b", "eth0")], rows)))
    assert joined.direction.tolist() == [UNKNOWN, UNKNOWN]
