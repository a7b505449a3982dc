"""Whether a packet that was last seen at a place should have been seen further on.

It should, if the place that comes next was captured: the other end of the cable it went into, or the node that it came in
at and was not for. And if others of its conversation went on from there, or fragments of it are missing. Otherwise it
merely left what was captured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN, OUT
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.arrays.order import shared
from cnetkit.trace.evidence.case import Case

I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]


def expected(case: Case, last: I64) -> Flags:
    """For each of these frames, the last ones of their journeys."""
    joined, frames = case.joined, case.recording.frames
    if not len(last):
        return np.zeros(0, np.bool_)
    tap, wiring = frames.tap, joined.wiring
    captured = _captured(case)
    ends = np.bincount(
        wiring.segment[(wiring.segment >= 0) & captured], minlength=int(wiring.segment.max(initial=0)) + 1
    )
    segment = wiring.segment[tap[last]]
    far_end = (segment >= 0) & (ends[np.maximum(segment, 0)] > captured[tap[last]])
    inside = (wiring.described & captured)[tap[last]] & (joined.direction[last] == IN)
    if case.recording.filter:  # it may no longer match once it is translated, nor do later fragments
        inside[:] = False
    way = _way(case)
    gone_on, _ = shared(way[last], way[joined.parent[np.flatnonzero(joined.parent >= 0)]])
    result: Flags = (far_end & (joined.direction[last] == OUT)) | inside | gone_on
    if not case.recording.filter:
        result |= joined.incomplete[last]
    result &= ~joined.columns.for_other[last]  # its node is not to take it
    result &= ~_before_it_appeared(case, last)
    return result


def _before_it_appeared(case: Case, last: I64) -> Flags:
    """Whether these frames went into the cable of a node that appeared, before it was captured."""
    frames, segment = case.recording.frames, case.joined.wiring.segment
    begun: dict[str, int] = {}
    for event in case.recording.events:
        if event.kind == "node":
            begun.setdefault(event.node, event.time_ns)
    if not begun:
        return np.zeros(len(last), np.bool_)
    since = np.zeros(int(segment.max(initial=0)) + 1, np.int64)
    joined = segment >= 0
    np.maximum.at(since, segment[joined], np.array([begun.get(tap.node, 0) for tap in frames.taps])[joined])
    at = segment[frames.tap[last]]
    early: Flags = (at >= 0) & (frames.time_ns[last] < since[at]) & (case.joined.direction[last] == OUT)
    return early


def _captured(case: Case) -> Flags:
    """The taps that were captured: of the named nodes; or all of a topology, or all that show frames."""
    frames = case.recording.frames
    names = set(case.recording.captured)
    if names:
        return np.array([tap.node in names for tap in frames.taps], np.bool_)
    used = np.bincount(frames.tap, minlength=len(frames.taps)) > 0
    captured: Flags = used | case.joined.wiring.described
    return captured


def _way(case: Case) -> U64:
    """Digests of each frame's place, direction and conversation, one way."""
    joined, c, tap = case.joined, case.joined.columns, case.recording.frames.tap
    ends = c.src_high, c.src_low, c.sport, c.dst_high, c.dst_low, c.dport
    return mix(tap, joined.direction, c.version, c.protocol, c.depth, *ends)
