"""Bridging (net/bridge/br_input.c, br_forward.c): from a port up to the bridge, out at ports, or both.

A flood leaves at several ports and forks the journey. The frame does not change.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnetkit.trace.arrays.digests import Rows, mix
from cnetkit.trace.pairing.pairs import Pairs, pair
from cnetkit.trace.steps.search import Flags, Search
from cnetkit.trace.steps.step import Step, Wanted


def taken_up(search: Search) -> Pairs:
    """Received at the bridge itself after it was received at a port, at the same time."""
    port, itself = _sides(search)
    return _joined(search, search.incoming(port), search.incoming(search.orphan & itself), True)


def sent_down(search: Search) -> Pairs:
    """Sent at a port after it was sent at the bridge itself."""
    port, itself = _sides(search)
    return _joined(search, search.outgoing(itself), search.outgoing(search.orphan & port))


def forwarded(search: Search) -> Pairs:
    """Sent at a port after it was received at a port: another one, or the same one in hairpin mode."""
    port, _ = _sides(search)
    pairs = _joined(search, search.incoming(port), search.outgoing(search.orphan & port))
    back = _returned_to_sender(search, pairs)
    return replace(pairs, parent=pairs.parent[~back], child=pairs.child[~back])


def _returned_to_sender(search: Search, pairs: Pairs) -> Flags:
    """Pairs in which an undescribed interface sends back a frame from an address that it also sends from itself. It is
    a host whose own frame a bridge has returned."""
    tap = search.tap[pairs.child]
    back: Flags = (search.tap[pairs.parent] == tap) & ~search.wiring.described[tap]
    if back.any():
        alone = np.setdiff1d(search.outgoing(search.orphan & np.isin(search.tap, tap[back])), pairs.child)
        sender = mix(search.tap, search.columns.eth_src[search.frame])
        back[back] = np.isin(sender[pairs.child[back]], sender[alone])
    return back


def _sides(search: Search) -> tuple[Flags, Flags]:
    """Rows captured at ports of bridges, and rows captured at bridges themselves."""
    return ~search.at_bridge & (search.bridge >= 0), search.at_bridge


def _joined(search: Search, parents: Rows, children: Rows, ties: bool = False) -> Pairs:
    key = search.identity.wire
    return pair(
        parents,
        mix(key[parents], search.bridge[parents]),
        children,
        mix(key[children], search.bridge[children]),
        search.tap[children],
        replace(search.timing, within=search.bridge),
        ties=ties,
    )


BRIDGE_UP = Step(
    "bridge-up",
    taken_up,
    "was taken up by the bridge {here}",
    (Wanted.OWN_ADDRESS, Wanted.CABLE),
    shown=("link", "the same bytes, in the same order at {there} and {here}"),
)
BRIDGE_DOWN = Step(
    "bridge-down",
    sent_down,
    "was sent out of the bridge's port {here}",
    (Wanted.FDB, Wanted.CABLE),
    shown=BRIDGE_UP.shown,
)
BRIDGE_FORWARD = Step(
    "bridge-forward", forwarded, "was forwarded by the bridge to its port {here}", (Wanted.RULE, Wanted.FDB)
)
