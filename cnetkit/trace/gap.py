"""A stretch that no capture saw: the same packet appears in another node, and nothing else can be meant.

The last rule to be tried, and always marked as inferred. Across it addresses stay as they were.
"""

from __future__ import annotations

import numpy as np

from cnetkit.trace.identity import mix
from cnetkit.trace.pairing import NO_PAIRS, Pairs, pair
from cnetkit.trace.search import Search


def unseen(search: Search) -> Pairs:
    """Received without a sender that was seen, after being sent elsewhere without being received."""
    identity, is_ip = search.identity, search.identity.hops >= 0
    arrived = np.zeros(len(search.frame), np.bool_)
    arrived[search.parent[search.parent >= 0]] = True
    parents = search.outgoing(is_ip & ~arrived)
    children = search.incoming(is_ip & search.orphan)
    key = mix(identity.packet, identity.ends, search.depth) if len(search.frame) else identity.packet
    pairs = pair(parents, key[parents], children, key[children], np.zeros(len(children), np.int64), search.time)
    if not len(pairs.child):
        return pairs if len(pairs.ambiguous) else NO_PAIRS
    hops, node = identity.hops, search.node
    possible = (hops[pairs.child] <= hops[pairs.parent]) & (node[pairs.child] != node[pairs.parent])
    return Pairs(pairs.parent[possible], pairs.child[possible], pairs.ambiguous)
