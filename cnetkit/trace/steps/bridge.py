"""A bridge (net/bridge/br_input.c, br_forward.c): received at a port, it goes up to the bridge, out at ports, or both.

A flood leaves by several ports and forks the journey. Nothing of the frame changes here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnetkit.trace.arrays.digests import Rows, mix
from cnetkit.trace.pairing.pairs import Pairs, pair
from cnetkit.trace.steps.search import Flags, Search
from cnetkit.trace.steps.step import Step, Wanted


def taken_up(search: Search) -> Pairs:
    """Received at the bridge itself, after being received at a port; both bear the same time."""
    port, itself = _sides(search)
    return _joined(search, search.incoming(port), search.incoming(search.orphan & itself), True)


def sent_down(search: Search) -> Pairs:
    """Sent at a port, after being sent at the bridge itself."""
    port, itself = _sides(search)
    return _joined(search, search.outgoing(itself), search.outgoing(search.orphan & port))


def forwarded(search: Search) -> Pairs:
    """Sent at a port, after being received at one: another one, or the same in hairpin mode."""
    port, _ = _sides(search)
    found = _joined(search, search.incoming(port), search.outgoing(search.orphan & port))
    back = _of_its_own(search, found)
    return replace(found, parent=found.parent[~back], child=found.child[~back])


def _of_its_own(search: Search, found: Pairs) -> Flags:
    """Pairs by which an interface that no topology tells of hands back what it got, from an address that it sends from
    itself: a host, to which a bridge had brought its own frame."""
    tap = search.tap[found.child]
    back: Flags = (search.tap[found.parent] == tap) & ~search.wiring.known[tap]
    if back.any():
        alone = np.setdiff1d(search.outgoing(search.orphan & np.isin(search.tap, tap[back])), found.child)
        sender = mix(search.tap, search.columns.eth_src[search.frame])
        back[back] = np.isin(sender[found.child[back]], sender[alone])
    return back


def _sides(search: Search) -> tuple[Flags, Flags]:
    """Rows seen at ports of bridges, and rows seen at bridges themselves."""
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
