"""GRE: any EtherType over IP. Source: RFC 2784, RFC 2890 (key and sequence number)."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.protocols import GRE
from cnetkit.recording.tunnels.erspan import ETHERTYPES as ERSPAN
from cnetkit.recording.tunnels.inside import Outside, Packets

NAME = "gre"
ROUTING, VERSION = 0x4000, 7
"""In the first two octets (linux/if_tunnel.h). Version 1 is PPTP's (RFC 2637)."""


def find(outside: Outside) -> Packets | None:
    """Packets of version 0 without routing, of every EtherType except ERSPAN's."""
    first = outside.first
    ethertype = ((first >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
    plain = (outside.protocol == GRE) & (first >> np.uint64(48) & np.uint64(ROUTING | VERSION) == 0)
    pick = np.flatnonzero(plain & (outside.end - outside.at >= 4) & ~np.isin(ethertype, ERSPAN))
    if not len(pick):
        return None
    bits = (first[pick] >> np.uint64(60)).astype(np.int64)
    summed, keyed, numbered = bits >> 3, (bits >> 1) & 1, bits & 1
    at, end = outside.at[pick], outside.end[pick]
    key = (outside.source.word(at + 4 + summed * 4, end) >> np.uint64(32)).astype(np.int64) * keyed
    place = at + 4 + (summed + keyed + numbered) * 4
    return outside.rows[pick], np.minimum(place, end), ethertype[pick], key
