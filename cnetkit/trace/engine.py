"""Finds the journeys of a recording: decodes the frames, orders them, tries each step in turn, follows parents to
roots.

Works on columns from end to end; no Python loop runs over packets. Evidence is gathered elsewhere: see evidence/.
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.columns import Columns, decode
from cnetkit.recording.frames import IN, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, UNKNOWN
from cnetkit.trace.arrays.digests import Rows
from cnetkit.trace.arrays.trees import roots
from cnetkit.trace.clocks.clock import Clocks, reconciled
from cnetkit.trace.packets import datagrams, fragments, segments
from cnetkit.trace.packets.identity import identify
from cnetkit.trace.packets.units import JoinedRows, Units, returned, units_of
from cnetkit.trace.pairing.timing import numbered
from cnetkit.trace.steps import STEPS
from cnetkit.trace.steps.joined import Joined, Source, connections_of
from cnetkit.trace.steps.search import Search
from cnetkit.trace.wiring.described import described
from cnetkit.trace.wiring.directions import oriented
from cnetkit.trace.wiring.inference import inferred
from cnetkit.trace.wiring.vlans import stacked
from cnetkit.trace.wiring.wiring import Wiring, node_names, wire


def join(recording: Source) -> Joined:
    """Joins all frames into journeys. Accepts any bytes; each frame has one journey, or -1 and a `problem`."""
    frames = recording.frames
    columns = decode(frames)
    wiring = wire(frames.taps, described(recording.topologies, recording.events))
    clocks = reconciled(frames, columns)
    units, incomplete = fragments.put_together(units_of(frames, columns, clocks.time), wiring.encrypting)
    units = datagrams.cut_to_match(segments.cut_to_match(units))
    order, decoded = units.in_order(), units.columns.problem == 0
    order = _stacks_in_order(order if decoded.all() else order[decoded[order]], units, wiring)
    addressed = not any(tap.linktype in (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2) for tap in frames.taps)
    identity = identify(units.columns, order, addressed)
    tap, direction, time = units.tap[order], units.direction[order], units.time[order]
    if (direction == UNKNOWN).any():
        direction = oriented(
            direction,
            tap,
            wiring.node[tap],
            time,
            identity.wire,
            units.columns.eth_src[order],
            units.columns.eth_dst[order],
            wiring.address[tap],
            np.array([tap.interface == "lo" for tap in frames.taps], np.bool_)[tap],
            numbered(units.columns)[order],
            clocks.slack[tap],
        )
    wiring = inferred(wiring, tap, direction, time, identity, units.columns.depth[order])
    wiring = stacked(wiring, tap, direction, identity.inner, units.columns.vlan[order])
    search = Search(
        order,
        tap,
        time,
        direction,
        identity,
        units.columns,
        units.data,
        wiring,
        node_names(frames.taps),
        connections_of(recording),
        clocks,
    )
    for number, step in enumerate(STEPS[1:], 1):
        search.add(step.find(search), number)
    _break_cycles(search)
    return _of_frames(search, units, columns, incomplete, clocks)


def _stacks_in_order(order: Rows, units: Units, wiring: Wiring) -> Rows:
    """`order` with each received frame after that of the interface below, which has the same timestamp. Frames of two namespaces
    come from two rings, so their order in the file says nothing."""
    if not (wiring.below >= 0).any():
        return order
    level, below = np.zeros(len(wiring.below), np.int64), wiring.below
    for _ in range(len(below)):
        if not (below >= 0).any():
            break
        level += below >= 0
        below = np.where(below >= 0, wiring.below[below], -1)
    received = np.where(units.direction[order] == IN, level[units.tap[order]], 0)
    return order[np.lexsort((received, units.time[order]))]


def _break_cycles(search: Search) -> None:
    """Removes a step back within one tick of the clock if it would close a cycle."""
    parent = search.parent
    back = np.flatnonzero(parent > np.arange(len(parent)))
    if not len(back):
        return
    root = roots(parent)
    circling = back[parent[root[back]] >= 0]
    parent[circling], search.step[circling] = -1, 0


def _of_frames(search: Search, units: Units, columns: Columns, incomplete: tuple[Rows, Rows], clocks: Clocks) -> Joined:
    """The result of the search, which is per unit, converted to frames."""
    order, count = search.frame, units.frames
    parent, step, root = np.full(len(units), -1, np.int32), np.zeros(len(units), np.uint8), np.arange(len(units))
    ambiguous, direction = np.zeros(len(units), np.bool_), units.direction.copy()
    parent[order] = np.where(search.parent < 0, -1, order[np.maximum(search.parent, 0)])
    step[order], ambiguous[order], direction[order] = search.step, search.ambiguous, search.direction
    root[order] = order[roots(search.parent)]
    loose = [incomplete, *((order[first], order[second]) for first, second in search.together)]
    together = (np.concatenate([first for first, _ in loose]), np.concatenate([second for _, second in loose]))
    joined = returned(units, JoinedRows(parent, step, ambiguous, direction, root), together)
    by_time = np.argsort(units.time[:count], kind="stable").astype(np.int64)
    journey = np.full(count, -1, np.int32)
    usable = by_time[columns.problem[by_time] == 0]
    root, first = joined.root[usable], np.zeros(len(units), np.int64)
    first[root[::-1]] = np.arange(len(root))[::-1]  # the earliest of its frames is written last
    begins = np.zeros(len(root), np.bool_)
    begins[first[root]] = True
    journey[usable] = (np.cumsum(begins) - 1)[first[root]]
    lacking = np.zeros(len(units), np.bool_)
    lacking[incomplete[0]] = True
    return Joined(
        columns, search.wiring, joined.parent, joined.step, journey, joined.ambiguous, joined.direction, by_time,
        lacking[:count], units, clocks,
    )  # fmt: skip
