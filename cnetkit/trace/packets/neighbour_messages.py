"""Neighbour solicitations and advertisements, and the address that they are about (RFC 4861, 4.3 and 4.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.protocols import ICMPV6

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
SOLICITATION, ADVERTISEMENT = 135, 136
TARGET, SIZE = 8, 16
"""Where the address begins in the message, and its octets."""


@dataclass(frozen=True, slots=True)
class NeighbourMessages:
    """n messages, one element each."""

    frame: I64
    solicitation: NDArray[np.bool_]
    high: U64
    low: U64
    """The address that is asked for or told."""


def neighbour_messages(c: Columns, data: NDArray[np.uint8]) -> NeighbourMessages:
    """All whole ones outside tunnels. `c`: one element per frame."""
    wanted = (
        (c.protocol == ICMPV6) & (c.version == 6) & np.isin(c.icmp_type, (SOLICITATION, ADVERTISEMENT)) & (c.depth == 0)
    )
    rows = np.flatnonzero(wanted & (c.cut == 0))
    begin = c.transport[rows].astype(np.int64) + TARGET
    whole = begin + SIZE <= len(data)
    rows, begin = rows[whole], begin[whole]
    octets = data[begin[:, None] + np.arange(SIZE)]
    high, low = (
        np.ascontiguousarray(part).view(">u8").ravel().astype(np.uint64) for part in (octets[:, :8], octets[:, 8:])
    )
    return NeighbourMessages(rows, c.icmp_type[rows] == SOLICITATION, high, low)
