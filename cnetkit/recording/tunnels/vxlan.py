"""VXLAN: an Ethernet frame in UDP. Source: RFC 7348; Linux used port 8472 before the standard."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import among
from cnetkit.recording.protocols import BRIDGED
from cnetkit.recording.tunnels.inside import Outside, Packets

NAME = "vxlan"
PORTS = (4789, 8472)


def find(outside: Outside) -> Packets | None:
    """Frames after a header whose I flag says that it contains a network identifier."""
    pick = np.flatnonzero(among(outside.port, PORTS))
    if not len(pick):
        return None
    head = outside.source.word(outside.at[pick] + 8, outside.end[pick])
    place = outside.at[pick] + 16
    right = ((head >> np.uint64(59)) & np.uint64(1) == 1) & (place + 14 <= outside.end[pick])
    vni = ((head >> np.uint64(8)) & np.uint64(0xFFFFFF)).astype(np.int64)
    return outside.rows[pick][right], place[right], np.full(len(pick), BRIDGED)[right], vni[right]
