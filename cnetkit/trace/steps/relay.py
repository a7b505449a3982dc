"""Routing seen at one interface, in and out, in a file without directions: the same packet twice, the TTL one less.

The second frame comes from the MAC address that the first one was for. In between the packet may have been translated, and
wrapped for a tunnel or taken out of one, as a node port with VXLAN does. Nothing else may look the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import UNKNOWN
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.pairing.pairs import NO_PAIRS, NOTHING, Pairs, pair
from cnetkit.trace.steps.search import Search
from cnetkit.trace.steps.step import Step, Wanted

BUCKETS = np.uint64(0xFFFF)


def relayed(search: Search) -> Pairs:
    """Pairs at one tap, of frames whose directions are not known."""
    rows = np.flatnonzero((search.direction == UNKNOWN) & (search.identity.hops >= 0))
    if not len(rows):
        return NO_PAIRS
    c, frame = search.columns, search.frame[rows]
    deep = c.depth[frame] > 0
    source = np.where(deep, c.outer_eth_src[frame], c.eth_src[frame])
    target = np.where(deep, c.outer_eth_dst[frame], c.eth_dst[frame])
    ttl = c.ttl[frame].astype(np.int64)
    own = (target > 0) & (target >> np.uint64(40) & np.uint64(1) == 0)
    came, went = mix(search.tap[rows], target, ttl - 1), mix(search.tap[rows], source, ttl)
    parent, child = own & _occurs(came, went), search.orphan[rows] & _occurs(went, came)
    parents, children, packet = rows[parent], rows[child], search.identity.packet
    pairs = pair(
        parents,
        mix(packet[parents], came[parent]),
        children,
        mix(packet[children], went[child]),
        search.tap[children],
        search.timing,
    )
    ends = search.identity.ends
    real = np.flatnonzero(ends[pairs.child] != search.identity.reverse(pairs.parent))
    return Pairs(pairs.parent[real], pairs.child[real], NOTHING, NOTHING)


def _occurs(values: U64, others: U64) -> NDArray[np.bool_]:
    """Which of `values` may be among `others`: cheap, and rarely too many."""
    there = np.zeros(int(BUCKETS) + 1, np.bool_)
    there[others & BUCKETS] = True
    found: NDArray[np.bool_] = there[values & BUCKETS]
    return found


RELAY = Step(
    "relay",
    relayed,
    "was sent on at {here}, where it had come in",
    (Wanted.FRAMES,),
    shown=("order", "the same packet, the TTL one less, from the MAC address that it was for"),
    two_packets=True,
)
