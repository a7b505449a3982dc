"""Flooded frames whose way through a bridge was not captured: sent once, received at several interfaces.

Bridges do not change such a frame, so its octets identify it. A frame without a number of its own (ARP, or
identification 0) is joined only if every interface captured it equally often.
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.frames import OUT
from cnetkit.trace.arrays.digests import Rows, mix
from cnetkit.trace.arrays.order import ranks, shared
from cnetkit.trace.pairing.pairs import NO_PAIRS, NOTHING, Pairs
from cnetkit.trace.steps.search import Search
from cnetkit.trace.steps.step import Step, Wanted
from cnetkit.trace.steps.uncaptured import LONGEST_NS


def spread(search: Search) -> Pairs:
    """First frames of a stretch, with the frame by which the packet was sent. If that was not captured, they belong to
    one journey without a step between them: `search.together`."""
    rows, key = _sightings(search)
    if not len(rows):
        return NO_PAIRS
    begins = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    first = np.repeat(rows[begins], np.diff(np.append(begins, len(rows))))
    again = (search.tap[rows] == search.tap[first]) & (search.direction[rows] == search.direction[first])
    open_ = search.orphan[rows] | ((search.parent[rows] < 0) & (search.columns.ident[search.frame[rows]] != 0))
    head = open_ & ~again & (search.time[rows] - search.time[first] < LONGEST_NS)
    inner, doubt = search.identity.inner[rows], head & search.timing.doubtful(first, rows)
    head &= ~np.isin(inner, inner[doubt])  # if one was miscounted, so were the others
    sent = search.direction[first] == OUT
    loose = np.flatnonzero(head & ~sent)
    search.together.append((np.append(rows[loose], first[loose]), np.append(first[loose], first[loose])))
    return Pairs(first[head & sent], rows[head & sent], NOTHING, NOTHING)


def _sightings(search: Search) -> tuple[Rows, Rows]:
    """All rows of group-addressed frames with several first frames, and the number of the packet; by packet and time."""
    c = search.columns
    group = (c.eth_dst[search.frame] >> np.uint64(40)) & np.uint64(1) == 1
    rows = np.flatnonzero(group)
    inner = search.identity.inner[rows]
    candidates = np.flatnonzero(shared(inner, inner[search.orphan[rows]])[0])
    if not len(candidates):
        return NOTHING, NOTHING
    rows, inner = rows[candidates], inner[candidates]
    rank, count, _ = ranks(mix(inner, search.tap[rows], search.direction[rows]))
    _, number = np.unique(inner, return_inverse=True)
    most, least = np.zeros(len(rows), np.int64), np.full(len(rows), len(rows))
    np.maximum.at(most, number, count)
    np.minimum.at(least, number, count)
    numbered = (c.ident[search.frame[rows]] != 0) & (count[np.unique(number, return_index=True)[1]] == 1)[number]
    # numbered by the sender, and sent once: equal octets are the same packet
    even = numbered | (most == least)[number]
    _, packet = np.unique(mix(inner, np.where(numbered, 0, rank)), return_inverse=True)
    rows, packet = rows[even], packet[even]
    order = np.lexsort((rows, packet))
    return rows[order], packet[order]


FLOOD = Step(
    "flood",
    spread,
    "came to {here} too; what lies between was not captured",
    (Wanted.FRAMES,),
    shown=("order", "the same frame, for many, was sent at {there}; the way to {here} was not captured"),
)
