"""Linux "cooked" headers, which `tcpdump -i any` writes: LINUX_SLL and LINUX_SLL2."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes
from cnetkit.recording.links.chunk import Chunk, Inner
from cnetkit.recording.protocols import LINUX

LEAST_ETHERTYPE, LLC = 0x0600, 4
"""Numbers below are Linux's own (linux/if_ether.h, ETH_P_802_2, ETH_P_CAN, ...)."""
OTHER_HOST = 3
"""packet(7), PACKET_OTHERHOST: captured because the interface is promiscuous, or a bridge's port."""


def cooked(
    out: Chunk, source: Bytes, rows: I64, start: I64, end: I64, kind: int, packet: int, address: int, size: int
) -> Inner:
    """Frames of `tcpdump -i any` (LINUX_SLL, LINUX_SLL2), which contain only the source's MAC address."""
    at, stop = start[rows], end[rows]
    out["problem"][rows[stop - at < size]] = 1
    out["eth_src"][rows] = source.word(at + address, stop) >> np.uint64(16)
    ethertype = (source.word(at + kind, stop) >> np.uint64(48)).astype(np.int64)
    ethertype = np.where((ethertype < LEAST_ETHERTYPE) & (ethertype != LLC), ethertype & 0xFF | LINUX, ethertype)
    out["for_other"][rows] = source.word(at + packet, stop) >> np.uint64(56) == OTHER_HOST
    return rows, np.minimum(at + size, stop), ethertype
