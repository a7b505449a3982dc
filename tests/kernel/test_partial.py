"""Captures of part of a network, without a topology: joins are right, and complete as far as possible."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cnetkit.recording.frames import Tap, merge
from cnetkit.recording.recording import Recording
from cnetkit.trace import explain
from tests.kernel.tagged import score, truth
from tests.kernel.test_truth import CASES, recorded

SHAPES: dict[str, Callable[[Tap], bool]] = {
    "a router and nothing else": lambda tap: tap.node == "dock" and not tap.interface.startswith("veth"),
    "bridge ports without the bridge": lambda tap: tap.interface.startswith("veth"),
    "a host without its bridge": lambda tap: tap.node == "dock" and tap.interface != "docker0",
    "the containers only": lambda tap: tap.node not in ("dock", "r1", "r2"),
    "one host only": lambda tap: tap.node in ("dock", "r1"),
}


PLAIN = ("published_port_from_outside", "hairpin_from_a_neighbour", "masquerade", "dual_stack", "losses", "refusals")
"""In these captures, the rest of each packet's way is enough to join it."""


def part(recording: Recording, wanted: Callable[[Tap], bool]) -> Recording:
    """The recording as if only these interfaces had been captured, without topology and events."""
    chosen = np.array([wanted(tap) for tap in recording.frames.taps], np.bool_)
    frames = recording.frames.take(np.flatnonzero(chosen[recording.frames.tap]))
    return replace(recording, frames=frames, topologies=(), events=())


def scored(recording: Recording) -> dict:
    return score(json.loads(explain(recording).to_json()), truth(recording))


@pytest.mark.parametrize("directions", [True, False], ids=["with directions", "without"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CASES)
def test_no_wrong_join_in_a_capture_of_part_of_a_network(name, shape, directions):
    recording = part(recorded(name), SHAPES[shape])
    if not directions:
        recording = replace(recording, frames=replace(recording.frames, direction=recording.frames.direction * 0))
    found = scored(recording)
    assert found["wrong"] == []
    assert found["every_frame_once"]
    if name in PLAIN:
        assert found["share"] >= 0.99, found["broken"]


@pytest.mark.parametrize("name", CASES)
def test_no_wrong_join_in_a_capture_of_a_single_interface(name):
    for only in recorded(name).frames.taps:
        found = scored(part(recorded(name), lambda tap, only=only: tap == only))
        assert (found["wrong"], found["every_frame_once"]) == ([], True)


def test_captures_of_unrelated_hosts_are_not_joined():
    some = part(recorded("two_routers"), lambda tap: tap.node == "a")
    others = part(recorded("masquerade"), lambda tap: tap.node == "client")
    both = replace(some, frames=merge([some.frames, others.frames]))
    found = scored(both)
    assert (found["wrong"], found["every_frame_once"]) == ([], True)
    for journey in explain(both).journeys:
        assert len({hop.node for hop in journey.hops}) == 1
