"""A stretch that no capture saw: the same packet appears again elsewhere, and nothing else can be meant.

The last rule to be tried, and always marked as inferred. It joins only where every interface saw the packet equally
often; a swap of ends, a TTL that grew, or a group address is never bridged.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnetkit.recording.frames import IN, OUT
from cnetkit.recording.protocols import TCP
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.arrays.order import begins, ordered, ranks, shared
from cnetkit.trace.pairing.pairs import NO_PAIRS, NOTHING, Pairs
from cnetkit.trace.steps.nat import translatable
from cnetkit.trace.steps.search import Flags, Search
from cnetkit.trace.steps.step import Step, Wanted

DEEPEST = 64
"""Hops that a journey is followed back."""
LONGEST_NS = 3_000_000_000
"""A packet may wait this long for its neighbour's address (RFC 1122, 2.3.2.2)."""


def unseen(search: Search) -> Pairs:
    """First frames of a stretch, with the last frame of the one before; the journeys' heads with others' tails."""
    identity, columns = search.identity, search.columns
    every = _seen_before(search)
    if not len(every):
        return NO_PAIRS
    numbered = every[((columns.protocol == TCP) | (columns.ident != 0))[search.frame[every]]]
    changing = every[translatable(search, every)]
    head, tail = search.orphan, _tails(search)
    head[every[_to_groups(search, every)]] = False
    found = [NO_PAIRS]
    for part, ranked, rows in (
        (identity.ends, True, every),
        (identity.source, False, changing),
        (identity.target, False, changing),
        (None, False, numbered),
    ):
        if len(rows):
            key = identity.packet[rows] if part is None else mix(identity.packet[rows], part[rows])
            found.append(_bridged(search, rows, key, ranked, head, tail))
            head[found[-1].child] = tail[found[-1].parent] = False
    parent, child = (np.concatenate([getattr(one, side) for one in found]) for side in ("parent", "child"))
    return Pairs(parent, child, NOTHING, NOTHING)


def _tails(search: Search) -> Flags:
    """Rows after which nothing came."""
    tail = np.ones(len(search.frame), np.bool_)
    tail[search.parent[search.parent >= 0]] = False
    return tail


def _to_groups(search: Search, rows: Rows) -> Flags:
    """Rows whose frames are for several receivers."""
    group: Flags = (search.columns.eth_dst[search.frame[rows]] >> np.uint64(40)) & np.uint64(1) != 0
    return group


def _seen_before(search: Search) -> Rows:
    """Rows of packets of which one journey begins not long after another one ended."""
    ip = (search.identity.hops >= 0) & search.usable
    tail, head = ip & _tails(search), ip & search.orphan
    rows = np.flatnonzero(head | tail)
    if not len(rows):
        return rows
    order, packet = ordered(search.identity.packet[rows])
    rows = rows[order]
    before = _latest(tail[rows])
    near = np.flatnonzero(head[rows] & (before >= 0) & (packet[before] == packet))
    parent, child = rows[before[near]], rows[near]
    near = near[_possible(search, parent, child) & ~_back(search, parent, child)]
    return np.flatnonzero(ip & shared(search.identity.packet, packet[near])[0]) if len(near) else NOTHING


def _latest(where: Flags) -> Rows:
    """For each place the latest one before it of which `where` holds, or -1."""
    latest = np.maximum.accumulate(np.where(where, np.arange(len(where)), -1))
    return np.append(-1, latest[:-1])


def _bridged(search: Search, rows: Rows, key: U64, ranked: bool, head: Flags, tail: Flags) -> Pairs:
    """Pairs among `rows`, which have these keys, of a `head` and a `tail`."""
    order, key = ordered(key)
    rows, starts = rows[order], np.flatnonzero(begins(key))
    sizes = np.diff(np.append(starts, len(rows)))
    several = np.add.reduceat((search.parent[rows] < 0).astype(np.int64), starts) > 1
    wanted = head[rows] & np.repeat(several, sizes)
    keep = np.repeat(np.logical_or.reduceat(wanted, starts), sizes)
    rows, key, wanted = rows[keep], key[keep], wanted[keep]
    if not len(rows):
        return NO_PAIRS
    rank, count, _ = ranks(mix(key, search.tap[rows], search.direction[rows]))
    starts = np.flatnonzero(begins(key))
    most = np.maximum.reduceat(count, starts)
    even = (np.minimum.reduceat(count, starts) == most) & (ranked | (most == 1))
    keep = np.repeat(even, np.diff(np.append(starts, len(rows))))
    order, key = ordered(mix(key[keep], rank[keep]))  # those that are the k-th at each interface
    rows, wanted = rows[keep][order], wanted[keep][order]
    before = _latest(tail[rows])
    ok = np.flatnonzero(wanted & (before >= 0) & (key[before] == key)) if len(rows) else NOTHING
    parent, child = rows[before[ok]], rows[ok]
    possible = _possible(search, parent, child)
    at_once = replace(search.timing, within=search.node)
    packet, doubt = search.identity.packet[child], at_once.doubtful(parent, child) | _back(search, parent, child)
    possible &= ~np.isin(packet, packet[doubt])  # where one was counted wrongly, so were its likes
    return Pairs(parent[possible], child[possible], NOTHING, NOTHING)


def _back(search: Search, parent: Rows, child: Rows) -> Flags:
    """Pairs by which a packet would be sent where it was sent before, with the same TTL: to the cable it came in from, or
    where its journey begins. Those are the next of several that look the same."""
    root = parent.astype(np.int64)
    for _ in range(DEEPEST):
        above = search.parent[root]
        if not (above >= 0).any():
            break
        root = np.where(above >= 0, above, root)
    tap, way, hops, segment = search.tap, search.direction, search.identity.hops, search.wiring.segment
    again: Flags = (tap[root] == tap[child]) & (way[root] == OUT) & (way[child] == OUT) & (hops[root] == hops[child])
    cable: Flags = (segment[tap[parent]] == segment[tap[child]]) & (segment[tap[child]] >= 0)
    cable &= (way[parent] == IN) & (way[child] == OUT) & (hops[parent] == hops[child])
    again |= cable
    return again


def _possible(search: Search, parent: Rows, child: Rows) -> Flags:
    before, after = (search.columns.ttl[search.frame[rows]] for rows in (parent, child))
    possible: Flags = (after <= before) & (search.identity.ends[child] != search.identity.reverse(parent))
    possible &= search.time[child] - search.time[parent] < LONGEST_NS
    same, fallen = search.node[parent] == search.node[child], before.astype(np.int16) - after
    possible &= ~same | ((fallen <= 1) & (search.tap[parent] != search.tap[child]))
    return possible


GAP = Step(
    "gap",
    unseen,
    "appeared at {here}; what lies between was not captured",
    (Wanted.FRAMES,),
    shown=("order", "the same packet was seen at {there}; the way to {here} was not captured"),
)
