"""Directions that a capture file leaves out."""

from dataclasses import replace
from pathlib import Path

from loading import read_pcapng, recording_of

from cnetkit.trace.engine import join

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
