"""Links: a frame sent at one end of a veth pair is received at the other, octet for octet.

A loopback interface is a link from a node to itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnetkit.trace.arrays.digests import Rows, mix
from cnetkit.trace.pairing.pairs import Pairs, pair
from cnetkit.trace.steps.search import Search
from cnetkit.trace.steps.step import Step, Wanted


def crossed(search: Search) -> Pairs:
    """Frames received at one end of a link, with the frames sent at the other."""
    segment = search.wiring.segment[search.tap]
    children = search.incoming(search.orphan & (segment >= 0))
    parents = search.outgoing(segment >= 0)
    key = search.identity.wire
    near, far = _ends(search.wiring.segment)
    pairs = pair(
        parents,
        mix(key[parents], segment[parents], near[search.tap[parents]]),
        children,
        mix(key[children], segment[children], far[search.tap[children]]),
        search.tap[children],
        search.timing,
    )
    another = (search.tap[pairs.parent] != search.tap[pairs.child]) | (near[search.tap[pairs.child]] > 0)
    return replace(pairs, parent=pairs.parent[another], child=pairs.child[another])  # a hub does not return a frame


def _ends(segment: Rows) -> tuple[Rows, Rows]:
    """For each tap its own number and that of the other end of its cable; 0 for both if a segment has more than two
    ends."""
    near, far = np.arange(len(segment)) + 1, np.arange(len(segment)) + 1
    for number in np.unique(segment[segment >= 0]):
        taps = np.flatnonzero(segment == number)
        if len(taps) == 2:
            far[taps] = near[taps[::-1]]
        elif len(taps) > 2:
            near[taps] = far[taps] = 0
    return near, far


LINK = Step(
    "link",
    crossed,
    "came out of the other end of the cable at {here}",
    (Wanted.CABLE,),
    shown=("link", "the same bytes, in the same order at {there} and {here}"),
)
