"""L2TP version 2: PPP in UDP. Source: RFC 2661. Version 3 is not decoded: its headers do not contain the length of
cookies."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.links.ppp import inner
from cnetkit.recording.tunnels.inside import Outside, Packets

NAME = "l2tp"
PORT = 1701


def find(outside: Outside) -> Packets | None:
    """The packets in data messages; `vni` is the tunnel's number."""
    pick = np.flatnonzero(outside.port == PORT)
    if not len(pick):
        return None
    end = outside.end[pick]
    flags = (outside.source.word(outside.at[pick] + 8, end) >> np.uint64(48)).astype(np.int64)
    length, numbered, padded = (flags >> 14) & 1, (flags >> 11) & 1, (flags >> 9) & 1
    place = outside.at[pick] + 10 + 2 * length
    tunnel = (outside.source.word(place, end) >> np.uint64(48)).astype(np.int64)
    place = place + 4 + 4 * numbered
    padding = (outside.source.word(place, end) >> np.uint64(48)).astype(np.int64)
    place = place + np.where(padded == 1, 2 + padding, 0)
    place, ethertype = inner(outside.source, np.minimum(place, end), end)
    right = (flags & 15 == 2) & (flags >> 15 == 0) & (place < end)
    return outside.rows[pick][right], place[right], ethertype[right], tunnel[right]
