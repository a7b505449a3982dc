"""Infers from frames alone how interfaces are connected that no topology describes.

An interface's frames arrive at the other end of its cable right after they were sent, and a bridge shows the same
frames as its ports. Only frames with identical octets count. Everything that follows from it is marked as inferred.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.chunks import at_once
from cnetkit.recording.frames import IN, OUT
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.arrays.order import begins, group_numbers, ordered, shared
from cnetkit.trace.packets.identity import Identity
from cnetkit.trace.pairing.pairs import pair
from cnetkit.trace.pairing.timing import timing_of
from cnetkit.trace.wiring.wiring import Wiring

LOOK_BACK = 8
"""How many earlier frames with the same octets are examined."""

NEAR_NS = 1_000_000_000
"""Frames farther apart than this prove nothing about a cable."""

Counts = dict[tuple[int, int], int]


def inferred(
    wiring: Wiring,
    tap: Rows,
    direction: NDArray[np.uint8],
    time: NDArray[np.int64],
    identity: Identity,
    depth: NDArray[np.uint8],
) -> Wiring:
    """`wiring` with inferred links, bridges and tunnels for taps that no topology describes. Rows are in the order of
    time."""
    if bool(wiring.described.all()) or not len(tap):
        return wiring
    wiring = replace(wiring, tunnel=wiring.tunnel | _tunnels(wiring, tap, direction, identity.inner, depth))
    sorting: list[Callable[[], tuple[Rows, Any]]] = [
        partial(ordered, identity.wire),
        partial(group_numbers, mix(identity.wire, wiring.node[tap])),
    ]
    (order, wire), (number, _) = at_once(sorting)
    tap, direction, time, group = tap[order], direction[order], time[order], number[order]
    work: list[Callable[[], dict[Any, int]]] = [
        partial(_bridges, wiring, tap, direction, time, group),
        partial(_in_turn, wiring, tap, direction, time, wire, group),
        partial(_cables, wiring, tap, direction, time, wire),
    ]
    above, *all_cables = at_once(work)
    segment = wiring.segment
    for cables in all_cables:
        segment = _assign(wiring.node, segment, cables, set(above.values()))
    bridge, is_bridge = wiring.bridge.copy(), wiring.is_bridge.copy()
    fresh = int(bridge.max(initial=0)) + 1
    for port, upper in above.items():
        if segment[upper] < 0 or segment[port] >= 0:
            bridge[port] = bridge[upper] = fresh + upper
            is_bridge[upper] = True
    return replace(wiring, segment=segment, bridge=bridge, is_bridge=is_bridge)


def _tunnels(
    wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], inner: U64, depth: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Taps for which at least half of the frames appear next, or before, with one more encapsulation: in the same
    node, or in another one on the way."""
    count = len(wiring.node)
    if not depth.any():
        return np.zeros(count, np.bool_)
    rows = np.flatnonzero(shared(inner, inner[depth > 0])[0] & ~wiring.described[tap])
    node, total = wiring.node[tap], np.bincount(tap, minlength=count)
    tunnels = np.zeros(count, np.bool_)
    for key in (mix(inner[rows], node[rows]), inner[rows]):
        order, sorted_ = ordered(key)
        first, then = rows[order][:-1], rows[order][1:]
        near = (sorted_[1:] == sorted_[:-1]) & (tap[first] != tap[then])
        here = node[first] == node[then]
        out = near & (direction[first] == OUT) & (depth[then] == depth[first] + 1)
        out &= ~here | (direction[then] == OUT)
        into = near & (direction[then] == IN) & np.where(here, direction[first] == IN, True)
        more = depth[first].astype(np.int16) - depth[then]
        into &= (more == 1) | (here & (more == -1))
        upper = np.where(depth[first] < depth[then], first, then)
        times = np.bincount(tap[first[out]], minlength=count) + np.bincount(tap[upper[into]], minlength=count)
        tunnels |= (times > 0) & (2 * times >= total)
    return tunnels


def _counted(first: Rows, second: Rows) -> Counts:
    if not len(first):
        return {}
    size = int(second.max()) + 1
    pairs, count = np.unique(first * size + second, return_counts=True)
    return {(n // size, n % size): times for n, times in zip(pairs.tolist(), count.tolist(), strict=True)}


def _cables(wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], time: NDArray[np.int64], wire: U64) -> Counts:
    """How often a frame arrived at b, and the nearest earlier frame sent by another node was at a."""
    open_ = np.flatnonzero((direction == IN) & ~wiring.described[tap])
    virtual = wiring.tunnel | wiring.encrypting
    first, second = [], []
    for lag in range(1, LOOK_BACK + 1):
        open_ = open_[open_ >= lag]
        back = open_ - lag
        same = np.flatnonzero((wire[back] == wire[open_]) & (time[open_] - time[back] < NEAR_NS))
        open_, back = open_[same], back[same]
        hit = (direction[back] == OUT) & (wiring.node[tap[back]] != wiring.node[tap[open_]])
        hit &= ~wiring.described[tap[back]] & ~virtual[tap[back]] & ~virtual[tap[open_]]
        first.append(tap[back[hit]])
        second.append(tap[open_[hit]])
        open_ = open_[~hit]
    return _counted(np.concatenate(first), np.concatenate(second))


def _in_turn(
    wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], time: NDArray[np.int64], wire: U64, group: Rows
) -> Counts:
    """How often the k-th sending of the same octets was at a, and their k-th arrival at b, in another node.

    So a flood shows its cables too: copies that a bridge sends to several ports arrive in the same order. Arrivals
    after one in the same node, at the bridge itself, do not count; nor do frames that the bridge itself sends before
    its ports do.
    """
    node, out = wiring.node[tap], direction == OUT
    next_too = np.append((group[1:] == group[:-1]) & out[1:], False)
    open_ = ~(wiring.described | wiring.tunnel | wiring.encrypting)[tap]
    sent = np.flatnonzero(out & ~(begins(wire) & next_too) & open_)
    came = _first(group, np.flatnonzero(direction == IN))
    came = came[open_[came]]
    if not len(sent) or not len(came):
        return {}
    nowhere = np.zeros(len(wire), np.int64)  # only their order counts, not their time
    untimed = timing_of(nowhere, nowhere, nowhere > 0, wire, nowhere > 0, 1)
    pairs = pair(sent, wire[sent], came, wire[came], np.zeros(len(came), np.int64), untimed)
    first, second = pairs.parent, pairs.child
    real = (node[first] != node[second]) & (time[second] - time[first] < NEAR_NS)
    return _counted(tap[first[real]], tap[second[real]])


def _first(group: Rows, rows: Rows) -> Rows:
    """The first of `rows`, which ascend, in each group."""
    first = np.full(int(group.max(initial=-1)) + 1, -1)
    first[group[rows[::-1]]] = rows[::-1]  # the last value written stays
    kept: Rows = rows[first[group[rows]] == rows]
    return kept


def _bridges(
    wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], time: NDArray[np.int64], group: Rows
) -> dict[int, int]:
    """For each port, the interface of its node that shows the same frames above it.

    Outgoing frames appear at the upper interface first; incoming ones at both, at the same time unless br_netfilter is
    in between. Rows of equal `group` have the same octets in one node.
    """
    down: Counts = defaultdict(int)
    up: Counts = defaultdict(int)
    free = ~wiring.described[tap]
    begin = np.empty(len(tap) and int(group.max()) + 1, np.int64)
    begin[group[::-1]] = np.arange(len(tap))[::-1]
    begin = begin[group]
    for lag in range(1, min(LOOK_BACK + 1, len(tap))):
        back = np.flatnonzero((group[lag:] == group[:-lag]) & (tap[lag:] != tap[:-lag]))
        back = back[free[back] & free[back + lag]]
        at = back + lag
        out = (direction[back] == OUT) & (direction[at] == OUT) & (time[at] - time[back] < NEAR_NS)
        out &= begin[back] == back
        into = (direction[back] == IN) & (direction[at] == IN) & (time[at] - time[back] < NEAR_NS)
        for counts, chosen in ((down, out), (up, into)):
            for two, count in _counted(tap[back[chosen]], tap[at[chosen]]).items():
                counts[two] += count
    shared = {frozenset(two) for two in up}
    received = {int(t) for t in np.unique(tap[direction == IN])}
    upper_of: dict[int, int] = {}
    for (upper, port), _ in sorted(down.items(), key=lambda item: -item[1]):
        bridges = frozenset((upper, port)) in shared or upper not in received
        if (
            bridges
            and down.get((port, upper), 0) < down[upper, port]
            and port not in upper_of
            and upper not in upper_of
        ):
            upper_of[port] = upper
    for upper, port in up:
        if (
            port not in upper_of
            and upper not in upper_of
            and port not in upper_of.values()
            and upper in upper_of.values()
        ):
            upper_of[port] = upper
        elif (
            upper not in upper_of
            and port not in upper_of
            and upper not in upper_of.values()
            and port in upper_of.values()
        ):
            upper_of[upper] = port
    for (port, upper), _ in sorted(up.items(), key=lambda item: -item[1]):
        if (upper, port) not in up and not {port, upper} & upper_of.keys() and port not in upper_of.values():
            upper_of[port] = upper
    for port, beside in _through(tap, direction, begin, free):
        if port in upper_of and beside not in upper_of and beside not in upper_of.values():
            upper_of[beside] = upper_of[port]
    return upper_of


def _through(tap: Rows, direction: NDArray[np.uint8], begin: Rows, free: NDArray[np.bool_]) -> Counts:
    """How often a frame that first came in at a port left the same node at another port unchanged."""
    passed = free & free[begin] & (direction == OUT) & (direction[begin] == IN) & (tap != tap[begin])
    return _counted(tap[begin[passed]], tap[passed])


def _assign(node: Rows, segment_of: Rows, cables: Counts, uppers: set[int]) -> Rows:
    """Numbers the cables, most frequent pairs first. A tap has one cable; a cable with more than two ends is a hub,
    through which frames went both ways."""
    both: Counts = defaultdict(int)
    for (a, b), count in cables.items():
        if a not in uppers and b not in uppers:
            both[min(a, b), max(a, b)] += count
    segment = segment_of.copy()
    for (a, b), _ in sorted(both.items(), key=lambda item: (-item[1], item[0])):
        if segment[a] < 0 and segment[b] < 0:
            segment[a] = segment[b] = a
    for (a, b), _ in sorted(both.items(), key=lambda item: (-item[1], item[0])):
        if (segment[a] < 0) == (segment[b] < 0) or not (cables.get((a, b)) and cables.get((b, a))):
            continue
        number, end = max(segment[a], segment[b]), b if segment[b] < 0 else a
        if not (node[segment == number] == node[end]).any():
            segment[a] = segment[b] = number
    return segment
