"""Tunnels and stacked interfaces: a frame enters VXLAN, GRE, Geneve, IP in IP or a VLAN, and leaves it again.

The inner packet is the same on both sides of the step; only the encapsulation changes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnetkit.trace.arrays.digests import Rows, mix
from cnetkit.trace.pairing.pairs import NO_PAIRS, Pairs, pair
from cnetkit.trace.steps.search import Flags, Search
from cnetkit.trace.steps.step import Step, Wanted


def wrapped(search: Search) -> Pairs:
    """Sent at the underlay after it was sent at the tunnel interface with one encapsulation less.

    A flood leaves the tunnel interface once, and the underlay interface once for each remote end.
    """
    depth = search.depth.astype(np.int64)
    if not depth.any():
        return NO_PAIRS
    key = mix(search.identity.inner, search.wiring.underlay[search.tap])
    parents = search.outgoing(search.wiring.tunnel[search.tap])
    children = search.outgoing(search.orphan & (depth > 0))
    frame = search.frame[children]
    return pair(
        parents,
        mix(key[parents], depth[parents] + 1),
        children,
        mix(key[children], depth[children]),
        mix(search.tap[children], search.columns.outer_dst_high[frame], search.columns.outer_dst_low[frame]),
        search.timing,
    )


def unwrapped(search: Search) -> Pairs:
    """Received at the tunnel interface after it was received at the underlay with one encapsulation more."""
    depth = search.depth.astype(np.int64)
    if not depth.any():
        return NO_PAIRS
    key = mix(search.identity.inner, search.wiring.underlay[search.tap])
    parents = search.incoming((depth > 0) & ~search.raised)
    children = search.incoming(search.orphan & search.wiring.tunnel[search.tap])
    return pair(
        parents,
        mix(key[parents], depth[parents]),
        children,
        mix(key[children], depth[children] + 1),
        search.tap[children],
        search.timing,
        ties=True,
    )


def stacked_up(search: Search) -> Pairs:
    """Received at a VLAN or macvlan after it was received at the interface below."""
    below = search.wiring.below[search.tap]
    children = search.incoming(search.orphan & (below >= 0))
    parents = search.incoming(np.isin(search.tap, search.wiring.below[search.wiring.below >= 0]))
    key = search.identity.inner
    return pair(
        parents,
        mix(key[parents], search.tap[parents]),
        children,
        mix(key[children], below[children]),
        search.tap[children],
        search.timing,
        ties=True,
    )


def stacked_down(search: Search) -> Pairs:
    """Sent at the interface below after it was sent at a VLAN or macvlan on it."""
    return _from_above(search, search.outgoing)


def stacked_across(search: Search) -> Pairs:
    """Received at the interface below after it was sent at a macvlan on it, for another macvlan on it
    (drivers/net/macvlan.c, macvlan_queue_xmit)."""
    return _from_above(search, search.incoming)


def stacked_beside(search: Search) -> Pairs:
    """Received at an ipvlan after it was sent at another ipvlan on the same interface, which does not see it
    (drivers/net/ipvlan/ipvlan_core.c, ipvlan_xmit_mode_l2)."""
    beside = search.wiring.beside[search.tap]
    parents, children = search.outgoing(beside >= 0), search.incoming(search.orphan & (beside >= 0))
    key = search.identity.inner
    return pair(
        parents,
        mix(key[parents], beside[parents]),
        children,
        mix(key[children], beside[children]),
        search.tap[children],
        search.timing,
    )


def _from_above(search: Search, direction: Callable[[Flags], Rows]) -> Pairs:
    """Sent at an interface that stands on another, and then seen at that one in this direction."""
    below = search.wiring.below[search.tap]
    parents = search.outgoing(below >= 0)
    children = direction(search.orphan & np.isin(search.tap, search.wiring.below[search.wiring.below >= 0]))
    key = search.identity.inner
    return pair(
        parents,
        mix(key[parents], below[parents]),
        children,
        mix(key[children], search.tap[children]),
        search.tap[children],
        search.timing,
    )


WRAPPED = Step(
    "wrapped",
    wrapped,
    "was wrapped for a tunnel and sent at {here}",
    (Wanted.ROUTE, Wanted.TUNNEL, Wanted.OUTER_HEADERS),
    two_packets=True,
)
UNWRAPPED = Step(
    "unwrapped",
    unwrapped,
    "was taken out of the tunnel at {here}",
    (Wanted.TUNNEL, Wanted.OUTER_HEADERS),
    two_packets=True,
)
STACKED_UP = Step("stacked-up", stacked_up, "was handed up to {here}", (Wanted.STACK,))
STACKED_DOWN = Step("stacked-down", stacked_down, "was handed down to {here}", (Wanted.STACK,))
STACKED_BESIDE = Step(
    "stacked-beside", stacked_beside, "was handed to {here}, which stands on the same interface", (Wanted.STACK,)
)
STACKED_ACROSS = Step("stacked-across", stacked_across, "was handed to {here}", (Wanted.STACK,))
