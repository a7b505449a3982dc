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
