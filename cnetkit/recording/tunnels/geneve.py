"""Geneve: any EtherType in UDP, after options of any length. Source: RFC 8926."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.tunnels.inside import Outside, Packets

NAME = "geneve"
PORT = 6081


def find(outside: Outside) -> Packets | None:
    """Packets of version 0."""
    pick = np.flatnonzero(outside.port == PORT)
    if not len(pick):
        return None
    head = outside.source.word(outside.at[pick] + 8, outside.end[pick])
    options = ((head >> np.uint64(56)) & np.uint64(63)).astype(np.int64) * 4
    place = outside.at[pick] + 16 + options
    right = (head >> np.uint64(62) == 0) & (place + 14 <= outside.end[pick])
    ethertype = ((head >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
    vni = ((head >> np.uint64(8)) & np.uint64(0xFFFFFF)).astype(np.int64)
    return outside.rows[pick][right], place[right], ethertype[right], vni[right]
