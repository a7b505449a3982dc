"""Frames at a macvlan and at the interface below it have the same timestamp, and come from two rings in any order."""

from __future__ import annotations

import numpy as np
import pytest

from cnetkit.recording.recording import load
from cnetkit.trace import explain
from tests.test_documentation import ROOT

FILE = ROOT / "tests" / "data" / "macvlan-tie.pcapng"
"""web and client are macvlans on dock/eth0. In the file the last reply is at client/eth0 before it is at dock/eth0."""
ACROSS = [
    ("icmp echo request", [("client", "out"), ("dock", "in"), ("web", "in")]),
    ("icmp echo reply", [("web", "out"), ("dock", "in"), ("client", "in")]),
    ("arp", [("web", "out"), ("dock", "in"), ("client", "in")]),
]


def journeys(reverse_ties):
    recording = load(FILE)
    frames = recording.frames
    if reverse_ties:  # the other order in which the two rings may have been read
        order = np.lexsort((-np.arange(len(frames)), frames.time_ns))
        object.__setattr__(recording, "frames", frames.take(order))
    return explain(recording).journeys


@pytest.mark.parametrize("reverse_ties", [False, True])
def test_packets_between_two_macvlans_are_whole_in_either_order(reverse_ties):
    every = journeys(reverse_ties)
    assert {journey.outcome.kind for journey in every} == {"delivered"}
    paths = [(journey.summary, [(hop.node, hop.direction) for hop in journey.hops]) for journey in every]
    for start, path in ACROSS:
        assert any(summary.startswith(start) and path == hops for summary, hops in paths), start


def test_the_hops_between_two_macvlans_rest_on_the_topology_alone():
    echo = next(j for j in journeys(False) if j.summary.startswith("icmp echo request") and j.hops[0].node == "client")
    assert [evidence.kind for hop in echo.hops[1:] for evidence in hop.evidence if evidence.source == "topology"] == [
        "link",
        "link",
    ]
    assert not [evidence for hop in echo.hops for evidence in hop.evidence if evidence.strength == "inferred"]
