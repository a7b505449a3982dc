"""ERSPAN: Ethernet frames that a switch mirrors over GRE, types I to III. Source: draft-foschiano-erspan, net/ipv4/ip_gre.c."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.protocols import BRIDGED, GRE
from cnetkit.recording.tunnels.inside import Outside, Packets

NAME = "erspan"
ETHERTYPES = (0x88BE, 0x22EB)
"""GRE protocol types of types I and II, which differ in GRE's sequence number, and of type III."""


def find(outside: Outside) -> Packets | None:
    """The mirrored frames; `vni` is the session's number."""
    head = outside.first
    ethertype = ((head >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
    version = (head >> np.uint64(48)) & np.uint64(7)
    pick = np.flatnonzero((outside.protocol == GRE) & np.isin(ethertype, ETHERTYPES) & (version == 0))
    if not len(pick):
        return None
    bits = (head[pick] >> np.uint64(60)).astype(np.int64)
    place = outside.at[pick] + 4 + ((bits >> 3) + ((bits >> 1) & 1) + (bits & 1)) * 4
    own = outside.source.word(place, outside.end[pick])
    third, second = ethertype[pick] == ETHERTYPES[1], (ethertype[pick] == ETHERTYPES[0]) & (bits & 1 == 1)
    optional = outside.source.word(place + 4, outside.end[pick]) & np.uint64(1)
    session = ((own >> np.uint64(32)) & np.uint64(0x3FF)).astype(np.int64) * (third | second)
    place = place + np.where(third, 12 + 8 * optional.astype(np.int64), np.where(second, 8, 0))
    right = place + 14 <= outside.end[pick]
    return outside.rows[pick][right], place[right], np.full(len(pick), BRIDGED)[right], session[right]
