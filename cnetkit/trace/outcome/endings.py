"""The outcomes of all journeys as columns, for those that are decided by frames alone.

If a verdict, a reply, a translation or a table could say more about a journey, outcome.py decides it individually.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import OutcomeKind
from cnetkit.recording.protocols import TCP
from cnetkit.trace import causes
from cnetkit.trace.evidence import dnat_target
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.outcome.outcome import RESERVED, Ends
from cnetkit.trace.packets.icmp_errors import refusals

OUTCOMES: tuple[OutcomeKind, ...] = get_args(OutcomeKind)
DELIVERED, ARRIVED, LEFT, LOST = (OUTCOMES.index(kind) for kind in ("delivered", "arrived", "left", "lost-from-sight"))
RST = 4


def kinds(ends: Ends) -> NDArray[np.uint8]:
    """For each journey its outcome, if nothing but the frames says anything about it; an index into OUTCOMES."""
    received = np.where((ends.answer >= 0) | (ends.counter >= 0) | ends.looped, DELIVERED, ARRIVED)
    return np.where(ends.arrived, received, np.where(ends.expected, LOST, LEFT)).astype(np.uint8)


def plain(case: Case, ends: Ends, first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The journeys whose outcome `kinds` has: neither a verdict, a rejection, a translation nor a table can say more.

    `first` are the journeys' first frames.
    """
    bare = not case.recording.topologies and not case.recording.events
    node = case.joined.wiring.node[case.recording.frames.tap]
    answered = node[_answers(case)]
    reports = [event for event in case.recording.events if event.kind == "verdict"]
    spoke = _numbers(case, {event.node for event in reports if event.subject.verdict == "drop"})
    counted = _numbers(case, causes.counted_on_arrival(case))
    translating = _numbers(case, dnat_target.translating(case))
    silent = ~np.isin(node[ends.last], np.concatenate((answered, spoke, counted, translating)))
    known: NDArray[np.bool_] = ends.arrived & silent & ((ends.answer >= 0) | (ends.counter >= 0) | (not reports))
    kept = case.joined.columns.eth_dst[ends.last] >> np.uint64(4) == np.uint64(RESERVED >> 4)
    if bare and not len(answered):
        known |= ~ends.arrived & ~case.joined.ambiguous[first] & ~kept
    return known


def _answers(case: Case) -> NDArray[np.bool_]:
    """Frames that may reject another packet: ICMP errors and TCP resets."""
    c = case.joined.columns
    errors: NDArray[np.bool_] = refusals(c)
    errors |= (c.protocol == TCP) & (c.flags & RST != 0)
    return errors


def _numbers(case: Case, names: set[str]) -> NDArray[np.int64]:
    taps = zip(case.recording.frames.taps, case.joined.wiring.node.tolist(), strict=True)
    return np.array(sorted({number for tap, number in taps if tap.node in names}), np.int64)
