"""A stretch that no capture saw: the same packet appears again elsewhere, and nothing else can be meant.

The last rule to be tried, and always marked as inferred. It joins only where every interface saw the packet equally
often; a swap of ends, a TTL that grew, or a group address is never bridged.
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.columns import TCP
from cnetkit.trace.identity import U64, Rows, mix
from cnetkit.trace.pairing import NO_PAIRS, NOTHING, Pairs, ranks
from cnetkit.trace.search import Flags, Search

LONGEST_NS = 3_000_000_000
"""A packet may wait this long for its neighbour's address (RFC 1122, 2.3.2.2)."""


def unseen(search: Search) -> Pairs:
    """First frames of a stretch, with the last frame of the one before; the journeys' heads with others' tails."""
    if not len(search.frame):
        return NO_PAIRS
    identity, columns = search.identity, search.columns
    every = np.flatnonzero(_seen_before(search))
    numbered = every[((columns.protocol == TCP) | (columns.ident != 0))[search.frame[every]]]
    found = NO_PAIRS
    for part, ranked, rows in (
        (identity.ends, True, every),
        (identity.source, False, every),
        (identity.target, False, every),
        (None, False, numbered),
    ):
        if len(rows):
            key = identity.packet[rows] if part is None else mix(identity.packet[rows], part[rows])
            more = _bridged(search, rows, key, ranked, found)
            parent, child = np.concatenate((found.parent, more.parent)), np.concatenate((found.child, more.child))
            found = Pairs(parent, child, NOTHING, NOTHING)
    return found


def _seen_before(search: Search) -> Flags:
    """Rows of packets of which one journey begins not long after another one ended."""
    ip = (search.identity.hops >= 0) & search.usable
    tail = ip.copy()
    tail[search.parent[search.parent >= 0]] = False
    head = ip & search.orphan
    rows = np.flatnonzero(head | tail)
    packet = search.identity.packet
    rows = rows[np.argsort(packet[rows], kind="stable")]
    ended = np.maximum.accumulate(np.where(tail[rows], np.arange(len(rows)), -1))
    before = rows[np.maximum(np.append(-1, ended[:-1]), 0)] if len(rows) else rows
    near = head[rows] & (before < rows) & (packet[before] == packet[rows]) & _possible(search, before, rows)
    return ip & np.isin(packet, packet[rows[near]])


def _bridged(search: Search, rows: Rows, key: U64, ranked: bool, found: Pairs) -> Pairs:
    """Pairs among `rows`, which have these keys."""
    group = (search.columns.eth_dst[search.frame[rows]] >> np.uint64(40)) & np.uint64(1)
    head, tail = search.orphan, np.ones(len(search.frame), np.bool_)
    head[found.child] = tail[found.parent] = False
    tail[search.parent[search.parent >= 0]] = False
    first, trees = np.unique(key[search.parent[rows] < 0], return_counts=True)
    wanted = head[rows] & (group == 0) & np.isin(key, first[trees > 1])
    head[rows] = wanted
    keep = np.isin(key, key[wanted])
    rows, key = rows[keep], key[keep]
    if not len(rows):
        return NO_PAIRS
    rank, count, _ = ranks(mix(key, search.tap[rows], search.direction[rows]))
    order = np.lexsort((rows, rank, key))
    rows, rank, count, key = rows[order], rank[order], count[order], key[order]
    begins = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    sizes = np.diff(np.append(begins, len(rows)))
    most = np.repeat(np.maximum.reduceat(count, begins), sizes)
    even = (np.repeat(np.minimum.reduceat(count, begins), sizes) == most) & (ranked | (most == 1))
    at = np.arange(len(rows))
    before = np.maximum.accumulate(np.where(tail[rows], at, -1))
    before = np.append(-1, before[:-1])
    ok = head[rows] & even & (before >= 0)
    before = np.maximum(before, 0)
    parent, child = rows[before], rows
    ok &= (key[before] == key) & (rank[before] == rank) & _possible(search, parent, child)
    return Pairs(parent[ok], child[ok], NOTHING, NOTHING)


def _possible(search: Search, parent: Rows, child: Rows) -> Flags:
    ttl, identity = search.columns.ttl[search.frame], search.identity
    possible: Flags = (ttl[child] <= ttl[parent]) & (identity.ends[child] != identity.reverse[parent])
    possible &= search.time[child] - search.time[parent] < LONGEST_NS
    same, fallen = search.node[parent] == search.node[child], ttl[parent].astype(np.int16) - ttl[child]
    possible &= ~same | ((fallen <= 1) & (search.tap[parent] != search.tap[child]))
    return possible
