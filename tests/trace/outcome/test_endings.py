"""Outcomes counted from columns agree with each journey."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

import cnetkit
from cnetkit.model import Event, Interface, Node, Topology, Verdict
from cnetkit.trace import explain
from cnetkit.trace.outcome.endings import OUTCOMES
from tests.trace.loading import frames_of, recording_of

TRUTH = Path(__file__).parents[2] / "data" / "truth" / "portmap.pcapng"
WHOLE = cnetkit.load(TRUTH).recording


def agrees(trace):
    each = [journey.outcome.kind for journey in trace.journeys]
    assert [OUTCOMES[number] for number in trace.analysis.journeys.kinds.tolist()] == each
    assert trace.outcomes == Counter(each)
    for number in np.flatnonzero(trace.analysis.journeys.plain).tolist():
        outcome = trace.journeys[number].outcome
        assert outcome.kind in ("delivered", "arrived", "left", "lost-from-sight")
        assert outcome.reason == ""
        assert {(e.kind, e.strength) for e in outcome.evidence} <= {
            ("address", "inferred"),
            ("answer", "inferred"),
            ("counter", "table"),
        }


@given(st.lists(st.integers(0, len(WHOLE.frames) - 1), max_size=200))
def test_outcome_counts_agree_with_the_journeys_for_any_part_of_a_capture(chosen):
    agrees(explain(replace(WHOLE, frames=WHOLE.frames.take(np.unique(np.array(chosen, np.int64))))))


def test_outcome_counts_agree_with_the_journeys_without_the_last_interfaces():
    trace = explain(WHOLE)
    left = np.flatnonzero(~trace.where('node in {"web", "peer"}'))
    part = explain(replace(WHOLE, frames=WHOLE.frames.take(left)))
    assert part.outcomes["left"] > 0
    agrees(part)


LOOPBACK = bytes(Ether(dst="02:00:00:00:00:02") / IP(src="127.0.0.5", dst="10.9.9.9") / UDP())
ROUTER = Topology(
    nodes=(Node("r"),),
    interfaces=(Interface("r", "eth0", 2, "veth", "02:00:00:00:00:02", up=True, details={"route_localnet": 0}),),
)


def test_a_topology_or_an_event_alone_may_say_more_than_the_frames():
    frames = frames_of([("r/eth0", 1, 5, LOOPBACK)])
    by_table = explain(recording_of(frames, (ROUTER,)))
    assert dict(by_table.outcomes) == {"dropped": 1}
    agrees(by_table)
    head = {"network_header": LOOPBACK[14:34], "transport_header": LOOPBACK[34:42], "incoming": "eth0"}
    verdict = Verdict(1, "ip", "filter", "c", 7, "rule", "drop", **head)
    by_kernel = explain(recording_of(frames, (), (Event(6, "r", "verdict", "verdict", verdict),)))
    assert dict(by_kernel.outcomes) == {"dropped": 1}
    agrees(by_kernel)
    alone = explain(recording_of(frames))
    assert dict(alone.outcomes) == {"left": 1}
    agrees(alone)


@pytest.mark.parametrize("kind", [0x0180C2000000, 0x0180C200000E])
def test_frames_that_bridges_do_not_forward_are_counted_as_consumed(kind):
    frame = kind.to_bytes(6, "big") + bytes.fromhex("02000000000188cc") + bytes(46)
    trace = explain(recording_of(frames_of([("a/eth0", 1, 5, frame)])))
    assert dict(trace.outcomes) == {"consumed": 1}
    agrees(trace)
