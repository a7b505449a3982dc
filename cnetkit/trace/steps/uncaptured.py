"""Gaps in the capture: the same packet appears again elsewhere, and no other packet is possible.

The last step to be tried, and always marked as inferred. It joins only if every interface captured the packet equally
often, and never across swapped ends, a TTL that increased, or a group address.
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
"""How many hops a journey is followed back."""
LONGEST_NS = 3_000_000_000
"""A packet may wait this long for its neighbour's MAC address (RFC 1122, 2.3.2.2)."""


def across_gap(search: Search) -> Pairs:
    """First frames of a stretch, with the last frame of the stretch before: heads of journeys with tails of others."""
    identity, columns = search.identity, search.columns
    every = _candidates(search)
    if not len(every):
        return NO_PAIRS
    numbered = every[((columns.protocol == TCP) | (columns.ident != 0))[search.frame[every]]]
    changing = every[translatable(search, every)]
    head, tail = search.orphan, _tails(search)
    head[every[_to_groups(search, every)]] = False
    bridged = [NO_PAIRS]
    for part, ranked, rows in (
        (identity.ends, True, every),
        (identity.source, False, changing),
        (identity.target, False, changing),
        (None, False, numbered),
    ):
        if len(rows):
            key = identity.packet[rows] if part is None else mix(identity.packet[rows], part[rows])
            bridged.append(_bridged(search, rows, key, ranked, head, tail))
            head[bridged[-1].child] = tail[bridged[-1].parent] = False
    parent, child = (np.concatenate([getattr(pairs, side) for pairs in bridged]) for side in ("parent", "child"))
    return Pairs(parent, child, NOTHING, NOTHING)


def _tails(search: Search) -> Flags:
    """Rows that no other row came from."""
    tail = np.ones(len(search.frame), np.bool_)
    tail[search.parent[search.parent >= 0]] = False
    return tail


def _to_groups(search: Search, rows: Rows) -> Flags:
    """Rows of group-addressed frames."""
    group: Flags = (search.columns.eth_dst[search.frame[rows]] >> np.uint64(40)) & np.uint64(1) != 0
    return group


def _candidates(search: Search) -> Rows:
    """Rows of packets for which one journey begins soon after another one ended."""
    ip = search.identity.hops >= 0
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
    """For each position the latest earlier one for which `where` is true, or -1."""
    latest = np.maximum.accumulate(np.where(where, np.arange(len(where)), -1))
    return np.append(-1, latest[:-1])


def _bridged(search: Search, rows: Rows, key: U64, ranked: bool, head: Flags, tail: Flags) -> Pairs:
    """Pairs of a `tail` and a `head` among `rows`, which have these keys."""
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
    order, key = ordered(mix(key[keep], rank[keep]))  # the k-th at each interface
    rows, wanted = rows[keep][order], wanted[keep][order]
    before = _latest(tail[rows])
    ok = np.flatnonzero(wanted & (before >= 0) & (key[before] == key)) if len(rows) else NOTHING
    parent, child = rows[before[ok]], rows[ok]
    possible = _possible(search, parent, child)
    at_once = replace(search.timing, within=search.node)
    packet, doubt = search.identity.packet[child], at_once.doubtful(parent, child) | _back(search, parent, child)
    possible &= ~np.isin(packet, packet[doubt])  # if one was miscounted, so were the others
    return Pairs(parent[possible], child[possible], NOTHING, NOTHING)


def _back(search: Search, parent: Rows, child: Rows) -> Flags:
    """Pairs in which a packet would be sent where it was sent before, with the same TTL: to the cable it came from, or
    where its journey begins. These are different packets that look the same."""
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
    across_gap,
    "appeared at {here}; what lies between was not captured",
    (Wanted.FRAMES,),
    shown=("order", "the same packet was seen at {there}; the way to {here} was not captured"),
)
