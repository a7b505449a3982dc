"""Finds packets that two clocks captured, and which of the two places captured each first.

The order follows from directions on one link (sent there, received here), from a TTL that decreased, or, if neither
decides, from the replies: a clock that is ahead makes one direction look slower and the other faster. The offset
itself is estimated in clock.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.frames import IN, OUT, UNKNOWN, Frames
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.packets.identity import packets

MOST_PLACES = 64
"""At most this many places are compared for one packet."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """One element for each packet and pair of places: first `early`, then `late` (frame numbers)."""

    early: Rows
    late: Rows


def by_two_clocks(frames: Frames, columns: Columns, clock: Rows, node: Rows) -> Sightings:
    """Packets captured by two clocks, unless one interface captured them more than once. `clock` and `node` are per
    tap."""
    place = node * (int(clock.max()) + 1) + clock
    rows = np.flatnonzero((columns.version != 0) & (columns.problem == 0)).astype(np.int64)
    packet, ends = packets(columns, rows)
    again = _repeated(
        mix(packet, ends, columns.ttl[rows], frames.tap[rows], frames.direction[rows], columns.depth[rows])
    )
    keep = ~np.isin(packet, packet[again])
    rows, packet, ends = rows[keep], packet[keep], ends[keep]
    shared = _several_clocks(packet, clock[frames.tap[rows]])
    rows, packet, ends = rows[shared], packet[shared], ends[shared]
    link = mix(packet, ends, columns.ttl[rows], columns.depth[rows])
    early, late = [rows[:0]], [rows[:0]]
    for key, origin_of in ((link, _by_direction), (packet, _by_ttl), (link, _by_answers)):
        a, b = _pairs(_visits(key, rows, frames, place), clock, frames)
        apart = (node[frames.tap[a.first]] != node[frames.tap[b.first]]) | (origin_of is _by_ttl)
        a, b = a.take(apart), b.take(apart)
        from_a, from_b = origin_of(frames, columns, a, b)
        for yes, no, first, second in ((from_a, from_b, a, b), (from_b, from_a, b, a)):
            early.append(first.left[yes & ~no])
            late.append(second.first[yes & ~no])
    return Sightings(np.concatenate(early), np.concatenate(late))


def _repeated(key: U64) -> NDArray[np.bool_]:
    _, number, count = np.unique(key, return_inverse=True, return_counts=True)
    return count[number] > 1


def _several_clocks(packet: U64, clock: Rows) -> NDArray[np.bool_]:
    """Whether each packet was captured by more than one clock."""
    keys, number = np.unique(packet, return_inverse=True)
    least, most = np.full(len(keys), len(packet) + 1 << 32), np.full(len(keys), -1)
    np.minimum.at(least, number, clock)
    np.maximum.at(most, number, clock)
    return least[number] < most[number]


@dataclass(frozen=True, slots=True)
class _Visits:
    """One element for each packet and place that captured it: frame numbers, sorted by packet."""

    key: U64
    first: Rows
    last: Rows
    sent: Rows
    """How many of its frames were outgoing."""
    left: Rows
    """The last frame that was surely captured before the packet got anywhere else: where it was sent, or, for a flood,
    received."""

    def take(self, which: NDArray[np.generic]) -> _Visits:
        return _Visits(self.key[which], self.first[which], self.last[which], self.sent[which], self.left[which])


def _visits(key: U64, rows: Rows, frames: Frames, places: Rows) -> _Visits:
    place = places[frames.tap[rows]]
    order = np.lexsort((rows, frames.time_ns[rows], place, key))
    key, place, rows = key[order], place[order], rows[order]
    begins = np.append(True, (key[1:] != key[:-1]) | (place[1:] != place[:-1])) if len(rows) else np.zeros(0, np.bool_)
    starts = np.flatnonzero(begins)
    first, last = rows[starts], rows[np.append(starts[1:], len(rows))[: len(starts)] - 1]
    if not len(rows):
        return _Visits(key, first, last, first, last)
    sent = frames.direction[rows] == OUT
    times, only = (np.add.reduceat(column, starts) for column in (sent.astype(np.int64), np.where(sent, rows, 0)))
    return _Visits(key[starts], first, last, times, np.select([times == 0, times == 1], [last, only], first))


def _pairs(visits: _Visits, clock: Rows, frames: Frames) -> tuple[_Visits, _Visits]:
    """All pairs of visits of one packet at two clocks."""
    pairs = [np.zeros((2, 0), np.int64)]
    for lag in range(1, min(len(visits.key), MOST_PLACES)):
        near = np.flatnonzero(visits.key[lag:] == visits.key[:-lag])
        if not len(near):
            break
        pairs.append(np.stack((near, near + lag)))
    a, b = np.concatenate(pairs, axis=1)
    several = clock[frames.tap[visits.first[a]]] != clock[frames.tap[visits.first[b]]]
    return visits.take(a[several]), visits.take(b[several])


Origins = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Whether a packet went from the first place to the second, and the other way."""


def _by_direction(frames: Frames, columns: Columns, a: _Visits, b: _Visits) -> Origins:
    """A place that sent the packet before it received it, or received it and never sent it, is at an end of the link."""
    way = frames.direction
    from_a = (way[a.first] == OUT) | ((way[b.first] == IN) & (b.sent == 0))
    from_b = (way[b.first] == OUT) | ((way[a.first] == IN) & (a.sent == 0))
    return from_a, from_b


def _by_ttl(frames: Frames, columns: Columns, a: _Visits, b: _Visits) -> Origins:
    ttl = columns.ttl
    lowest = [np.minimum(ttl[visits.first], ttl[visits.last]) for visits in (a, b)]
    highest = [np.maximum(ttl[visits.first], ttl[visits.last]) for visits in (a, b)]
    return lowest[0] > highest[1], lowest[1] > highest[0]


def _by_answers(frames: Frames, columns: Columns, a: _Visits, b: _Visits) -> Origins:
    """Of the packets that two addresses exchange through two interfaces, the direction that seems to take longer."""
    way, time = frames.direction, np.clip(frames.time_ns, -(1 << 61), 1 << 61)
    open_ = (way[a.first] == UNKNOWN) & (way[b.first] == UNKNOWN)
    if not open_.any():
        return open_, open_
    source, target = (
        mix(getattr(columns, f"{end}_high")[a.first], getattr(columns, f"{end}_low")[a.first]) for end in ("src", "dst")
    )
    onward = source < target
    taps = frames.tap[a.first], frames.tap[b.first]
    _, number = np.unique(mix(np.minimum(source, target), np.maximum(source, target), *taps), return_inverse=True)
    gap = (time[b.first] - time[a.first]).astype(np.float64)
    count, total = (
        [np.bincount(number, weight * (side & open_)) for side in (onward, ~onward)]
        for weight in (np.ones(len(gap)), gap)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        longer = (total[0] / count[0] - total[1] / count[1])[number]  # NaN if no reply was captured
    return open_ & np.where(onward, longer > 0, longer < 0), open_ & np.where(onward, longer < 0, longer > 0)
