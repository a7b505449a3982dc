"""Finds out from frames alone what joins interfaces that no topology describes.

An interface's frames come in at the other end of its cable right after they went out; a bridge shows what its ports
show. Only frames that are the same byte for byte count. What is found here is marked as inferred wherever it is shown.
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
"""How many earlier sightings of the same bytes are looked at."""

NEAR_NS = 1_000_000_000
"""Sightings farther apart than this say nothing about a cable."""

Counts = dict[tuple[int, int], int]


def inferred(
    wiring: Wiring,
    tap: Rows,
    direction: NDArray[np.uint8],
    time: NDArray[np.int64],
    identity: Identity,
    depth: NDArray[np.uint8],
) -> Wiring:
    """`wiring` with links, bridges and tunnels found for taps that it does not know. Rows are in the order of time."""
    if bool(wiring.known.all()) or not len(tap):
        return wiring
    wiring = replace(wiring, tunnel=wiring.tunnel | _tunnels(wiring, tap, direction, identity.inner, depth))
    sorting: list[Callable[[], tuple[Rows, Any]]] = [
        partial(ordered, identity.wire),
        partial(group_numbers, mix(identity.wire, wiring.node[tap])),
    ]
    (order, wire), (number, _) = at_once(sorting)
    tap, direction, time, alike = tap[order], direction[order], time[order], number[order]
    work: list[Callable[[], dict[Any, int]]] = [
        partial(_bridges, wiring, tap, direction, time, alike),
        partial(_in_turn, wiring, tap, direction, time, wire, alike),
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
    """Taps at least half of whose frames are seen next, or before, with one layer more: in the same node, or in another
    one on the way between."""
    count = len(wiring.node)
    if not depth.any():
        return np.zeros(count, np.bool_)
    rows = np.flatnonzero(shared(inner, inner[depth > 0])[0] & ~wiring.known[tap])
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
        found = np.bincount(tap[first[out]], minlength=count) + np.bincount(tap[upper[into]], minlength=count)
        tunnels |= (found > 0) & (2 * found >= total)
    return tunnels


def _counted(first: Rows, second: Rows) -> Counts:
    if not len(first):
        return {}
    size = int(second.max()) + 1
    pairs, count = np.unique(first * size + second, return_counts=True)
    return {(n // size, n % size): times for n, times in zip(pairs.tolist(), count.tolist(), strict=True)}


def _cables(wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], time: NDArray[np.int64], wire: U64) -> Counts:
    """How often a frame came in at b whose nearest earlier sending, in another node, was at a."""
    open_ = np.flatnonzero((direction == IN) & ~wiring.known[tap])
    first, second = [], []
    for lag in range(1, LOOK_BACK + 1):
        open_ = open_[open_ >= lag]
        back = open_ - lag
        same = np.flatnonzero((wire[back] == wire[open_]) & (time[open_] - time[back] < NEAR_NS))
        open_, back = open_[same], back[same]
        hit = (direction[back] == OUT) & (wiring.node[tap[back]] != wiring.node[tap[open_]])
        hit &= ~wiring.known[tap[back]] & ~wiring.tunnel[tap[back]] & ~wiring.tunnel[tap[open_]]
        first.append(tap[back[hit]])
        second.append(tap[open_[hit]])
        open_ = open_[~hit]
    return _counted(np.concatenate(first), np.concatenate(second))


def _in_turn(
    wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], time: NDArray[np.int64], wire: U64, alike: Rows
) -> Counts:
    """How often the k-th sending of some bytes was at a and their k-th arrival at b, in another node.

    So a flood tells of its cables too: what a bridge hands to several ports arrives in the same order. Arrivals after
    one in the same node, at the bridge itself, and the bridge's own sending before its ports' do not count.
    """
    node, out = wiring.node[tap], direction == OUT
    next_too = np.append((alike[1:] == alike[:-1]) & out[1:], False)
    open_ = ~(wiring.known | wiring.tunnel)[tap]
    sent = np.flatnonzero(out & ~(begins(wire) & next_too) & open_)
    came = _first(alike, np.flatnonzero(direction == IN))
    came = came[open_[came]]
    if not len(sent) or not len(came):
        return {}
    nowhere = np.zeros(len(wire), np.int64)  # their order counts, not their time
    unseen = timing_of(nowhere, nowhere, nowhere > 0, wire, nowhere > 0, 1)
    found = pair(sent, wire[sent], came, wire[came], np.zeros(len(came), np.int64), unseen)
    first, second = found.parent, found.child
    real = (node[first] != node[second]) & (time[second] - time[first] < NEAR_NS)
    return _counted(tap[first[real]], tap[second[real]])


def _first(alike: Rows, rows: Rows) -> Rows:
    """Those of `rows`, ascending, before which none of them is alike."""
    first = np.full(int(alike.max(initial=-1)) + 1, -1)
    first[alike[rows[::-1]]] = rows[::-1]  # the last one written stays
    kept: Rows = rows[first[alike[rows]] == rows]
    return kept


def _bridges(
    wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], time: NDArray[np.int64], alike: Rows
) -> dict[int, int]:
    """For each port, the interface of its node that shows the same frames above it.

    Sent at the upper interface first; received at both (with the same time, where br_netfilter does not lie between).
    Rows that are `alike` show the same bytes in one node.
    """
    down: Counts = defaultdict(int)
    up: Counts = defaultdict(int)
    free = ~wiring.known[tap]
    begin = np.empty(len(tap) and int(alike.max()) + 1, np.int64)
    begin[alike[::-1]] = np.arange(len(tap))[::-1]
    begin = begin[alike]
    for lag in range(1, min(LOOK_BACK + 1, len(tap))):
        back = np.flatnonzero((alike[lag:] == alike[:-lag]) & (tap[lag:] != tap[:-lag]))
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
    found: dict[int, int] = {}
    for (upper, port), _ in sorted(down.items(), key=lambda item: -item[1]):
        bridges = frozenset((upper, port)) in shared or upper not in received
        if bridges and down.get((port, upper), 0) < down[upper, port] and port not in found and upper not in found:
            found[port] = upper
    for upper, port in up:
        if port not in found and upper not in found and port not in found.values() and upper in found.values():
            found[port] = upper
        elif upper not in found and port not in found and upper not in found.values() and port in found.values():
            found[upper] = port
    for (port, upper), _ in sorted(up.items(), key=lambda item: -item[1]):
        if (upper, port) not in up and not {port, upper} & found.keys() and port not in found.values():
            found[port] = upper
    for port, other in _through(tap, direction, begin, free):
        if port in found and other not in found and other not in found.values():
            found[other] = found[port]
    return found


def _through(tap: Rows, direction: NDArray[np.uint8], begin: Rows, free: NDArray[np.bool_]) -> Counts:
    """How often what was first seen to come in at a port left the same node at another one with its bytes unchanged."""
    passed = free & free[begin] & (direction == OUT) & (direction[begin] == IN) & (tap != tap[begin])
    return _counted(tap[begin[passed]], tap[passed])


def _assign(node: Rows, known: Rows, cables: Counts, uppers: set[int]) -> Rows:
    """Gives each cable a number, the pairs that were seen most often first. A tap has one cable; one with more than two
    ends is a hub, through which frames went both ways."""
    both: Counts = defaultdict(int)
    for (a, b), count in cables.items():
        if a not in uppers and b not in uppers:
            both[min(a, b), max(a, b)] += count
    segment = known.copy()
    for (a, b), _ in sorted(both.items(), key=lambda item: (-item[1], item[0])):
        if segment[a] < 0 and segment[b] < 0:
            segment[a] = segment[b] = a
    for (a, b), _ in sorted(both.items(), key=lambda item: (-item[1], item[0])):
        if (segment[a] < 0) == (segment[b] < 0) or not (cables.get((a, b)) and cables.get((b, a))):
            continue
        number, other = max(segment[a], segment[b]), b if segment[b] < 0 else a
        if not (node[segment == number] == node[other]).any():
            segment[a] = segment[b] = number
    return segment
