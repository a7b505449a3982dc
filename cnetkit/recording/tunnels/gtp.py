"""GTP-U: the user traffic of a mobile network, IP in UDP. Source: 3GPP TS 29.281."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.protocols import IPV4, IPV6
from cnetkit.recording.tunnels.inside import Outside, Packets

NAME = "gtp"
PORT, G_PDU = 2152, 255
MOST_EXTENSIONS = 4


def find(outside: Outside) -> Packets | None:
    """The IP packets in messages of the type G-PDU; `vni` is the tunnel endpoint's identifier."""
    pick = np.flatnonzero(outside.port == PORT)
    if not len(pick):
        return None
    end = outside.end[pick]
    head = outside.source.word(outside.at[pick] + 8, end)
    flags = (head >> np.uint64(56)).astype(np.int64)
    right = (flags >> 4 == 3) & (((head >> np.uint64(48)) & np.uint64(0xFF)).astype(np.int64) == G_PDU)
    place = outside.at[pick] + 16
    optional = outside.source.word(place, end)
    more = np.where((flags & 4) != 0, ((optional >> np.uint64(32)) & np.uint64(0xFF)).astype(np.int64), 0)
    place = place + np.where((flags & 7) != 0, 4, 0)
    for _ in range(MOST_EXTENSIONS):  # each contains its length in words, and ends with the type of the next one
        length = (outside.source.word(place, end) >> np.uint64(56)).astype(np.int64) * 4
        here = more > 0
        more = np.where(here, (outside.source.word(place + length - 1, end) >> np.uint64(56)).astype(np.int64), more)
        place = np.where(here, place + length, place)
    version = (outside.source.word(np.minimum(place, end), end) >> np.uint64(60)).astype(np.int64)
    right &= (more == 0) & np.isin(version, (4, 6)) & (place + 20 <= end)
    teid = (head & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return outside.rows[pick][right], place[right], np.where(version == 4, IPV4, IPV6)[right], teid[right]
