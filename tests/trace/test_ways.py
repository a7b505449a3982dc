"""From where each frame came and by which step, in the labs' recordings; and that frames alone show the same."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.trace import explain
from cnetkit.trace.steps import STEPS


@cache
def recorded(name):
    """The recording that the lab's recorded session gives."""
    entry = catalog.find(name)
    with Lab(name, replay=entry.session) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    return trace.recording


def bare(recording):
    """The frames and nothing else."""
    return replace(recording, topologies=(), events=())


def ways(recording):
    """For each frame its parent's number and place, its own place, and the step."""
    joined, frames = explain(recording).analysis.joined, recording.frames
    places = [f"{tap.node}/{tap.interface}" for tap in frames.taps]
    return [
        (parent, places[frames.tap[parent]] if parent >= 0 else "", places[tap], STEPS[step].name)
        for parent, tap, step in zip(joined.parent.tolist(), frames.tap.tolist(), joined.step.tolist(), strict=True)
    ]


@pytest.mark.parametrize("name", catalog.names())
def test_frames_alone_show_the_same_parents_and_steps_as_with_the_topology(name):
    assert ways(bare(recorded(name))) == ways(recorded(name))
