"""Packets that traffic control (tc) dropped: a full queue on the way out, or a filter (net/sched/).

A capture sees a received packet before tc's filters, and a sent one after the queue. The interface counts what it dropped;
that is the cause if it dropped as many as were lost there.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from cnetkit.recording.frames import IN
from cnetkit.trace.causes.cause import Cause, grown, moved
from cnetkit.trace.causes.ports import way_out
from cnetkit.trace.causes.routing import arrival, chosen
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.route import leads_to
from cnetkit.trace.evidence.verdicts import reported

QUEUE, FILTER = "qdisc_drops", "tc_drops"


def queue_full(case: Case, frame: int) -> Cause | None:
    """The queue (qdisc) of the interface that it should have left by dropped it."""
    return _dropped(case, frame, QUEUE, "the queue (qdisc) of {} dropped it")


def filtered(case: Case, frame: int) -> Cause | None:
    """A filter of tc dropped it, before netfilter, at the interface that it came in by."""
    return _dropped(case, frame, FILTER, "a filter of traffic control (tc) at {} dropped it")


def _dropped(case: Case, frame: int, counter: str, words: str) -> Cause | None:
    ways = case.once(_queues if counter == QUEUE else _filters)
    place = ways.get(frame)
    if place is None:
        return None
    node, name = place
    evidence = moved(case, frame, node, f"{name}.{counter}")
    lost = Counter(ways.values())[place]
    if evidence is None or grown(case, frame, node, f"{name}.{counter}") != lost:
        return None
    return Cause(words.format(f"{node}/{name}"), (evidence,))


def _queues(case: Case) -> dict[int, tuple[str, str]]:
    """For each packet that was received and not sent on, at a node with such a counter: where it should have left."""
    return {frame: way for frame in _ended(case, QUEUE) if (way := _way(case, frame)) is not None}


def _filters(case: Case) -> dict[int, tuple[str, str]]:
    """The packets that ended where they came in, at an interface with such a counter."""
    return {frame: case.place(frame) for frame in _ended(case, FILTER, at_interface=True)}


def _ended(case: Case, counter: str, at_interface: bool = False) -> list[int]:
    counted = {
        (node, name.removesuffix(f".{counter}"))
        for topology in case.recording.topologies for node, counters in topology.counters.items()
        for name in counters if name.endswith(f".{counter}")
    }  # fmt: skip
    if not counted:
        return []
    joined = case.joined
    nodes = {node for node, _ in counted}
    taps = [
        (tap.node, tap.interface) in counted if at_interface else tap.node in nodes
        for tap in case.recording.frames.taps
    ]
    ended = joined.last() & np.array(taps)[case.recording.frames.tap] & (case.once(answers) < 0)
    if at_interface:
        ended &= joined.direction == IN
    rows: list[int] = np.flatnonzero(ended).tolist()
    return [row for row in rows if not reported(case, row)] if at_interface else rows  # netfilter comes after tc


def _way(case: Case, frame: int) -> tuple[str, str] | None:
    node, bridged = case.place(frame)[0], way_out(case, frame)
    if bridged is not None:
        return node, bridged
    to = arrival(case, frame)
    if to is None:
        return None
    lookup = chosen(case, frame, to)
    ways = () if lookup.route is None else leads_to(lookup.route)
    return (node, ways[0]) if len(ways) == 1 else None
