"""A cable: what goes out at one end of a veth pair comes in at the other, byte for byte.

Loopback is a cable from a node to itself.
"""

from __future__ import annotations

from cnetkit.trace.identity import mix
from cnetkit.trace.pairing import Pairs, pair
from cnetkit.trace.search import Search


def crossed(search: Search) -> Pairs:
    """Frames received at one end of a link, with the frames sent at the other."""
    segment = search.wiring.segment[search.tap]
    children = search.incoming(search.orphan & (segment >= 0))
    parents = search.outgoing(segment >= 0)
    key = search.identity.wire
    return pair(
        parents,
        mix(key[parents], segment[parents]),
        children,
        mix(key[children], segment[children]),
        search.tap[children],
        search.time,
    )
