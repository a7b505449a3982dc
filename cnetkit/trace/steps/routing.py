"""Routing (net/ipv4/ip_forward.c, net/ipv6/ip6_output.c): received, then sent by the same node with the TTL one less."""

from __future__ import annotations

import numpy as np

from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.pairing.pairs import Pairs, pair
from cnetkit.trace.steps.search import Search
from cnetkit.trace.steps.step import Step, Wanted


def routed(search: Search) -> Pairs:
    """Frames that a node sent after it received them, with the same addresses."""
    parents, children = candidates(search)
    same = mix(search.identity.packet, search.identity.ends, search.node, around(search))
    return pair(
        parents,
        mix(same[parents], search.identity.hops[parents] - 1),
        children,
        mix(same[children], search.identity.hops[children]),
        search.tap[children],
        search.timing,
    )


def candidates(search: Search) -> tuple[Rows, Rows]:
    """Frames that a node's own stack received and that did not appear again; and sent frames that have no parent yet.
    Both IP. What is for another host (PACKET_OTHERHOST) is not routed (net/ipv4/ip_input.c, ip_rcv_core)."""
    is_ip, ours = search.identity.hops >= 0, ~search.columns.for_other[search.frame]
    return search.incoming(is_ip & ~search.raised & ours), search.outgoing(is_ip & search.orphan)


def around(search: Search) -> U64:
    """The part of an encapsulation that a router does not change: everything but the outermost TTL."""
    deep = search.depth > 0
    ttl = search.columns.ttl[search.frame]
    return np.where(deep, mix(search.identity.outer, search.depth, ttl), np.uint64(0))


ROUTE = Step("route", routed, "was routed out at {here}", (Wanted.RULE, Wanted.ROUTE, Wanted.NEIGHBOUR))
