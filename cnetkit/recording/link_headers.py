"""Reads what stands before the network header: Ethernet with its VLAN tags, nothing, BSD's family, `tcpdump -i any`.

Each function fills the link's columns for `rows` and gives the rows, where their network headers begin, and of which
type these are. Source: https://www.tcpdump.org/linktypes.html and IEEE 802.1Q. It reads no network header.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.gather import I64, Bytes, among

Chunk = dict[str, NDArray[np.generic]]
"""Columns of some frames, by name."""

IPV4, IPV6 = 0x0800, 0x86DD
TAGS = (0x8100, 0x88A8, 0x9100)
TWO_TAGS = np.uint64(0xFFFFFF)


def ethernet(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64) -> tuple[I64, I64, I64]:
    """Ethernet headers and their VLAN tags."""
    at, stop = start[rows], end[rows]
    out["problem"][rows[stop - at < 14]] = 1
    first, second = source.word(at, stop), source.word(at + 8, stop)
    out["eth_dst"][rows] = first >> np.uint64(16)
    out["eth_src"][rows] = ((first & np.uint64(0xFFFF)) << np.uint64(32)) | (second >> np.uint64(32))
    ethertype = ((second >> np.uint64(16)) & np.uint64(0xFFFF)).astype(np.int64)
    at = at + 14
    for _ in range(3):
        tagged = np.flatnonzero(among(ethertype, TAGS))
        if not len(tagged):
            break
        tag = source.word(at[tagged], stop[tagged])
        before = out["vlan"][rows[tagged]].astype(np.uint64)
        out["vlan"][rows[tagged]] = (before << np.uint64(12) | (tag >> np.uint64(48)) & np.uint64(0xFFF)) & TWO_TAGS
        ethertype[tagged] = ((tag >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
        at[tagged] += 4
    return rows, np.minimum(at, stop), ethertype


def raw(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64, skip: int) -> tuple[I64, I64, I64]:
    """Frames whose IP header follows at once, or `skip` octets: its version says which."""
    at, stop = start[rows] + skip, end[rows]
    out["problem"][rows[stop - at < 1]] = 1
    at = np.minimum(at, stop)
    version = source.word(at, stop) >> np.uint64(60)
    return rows, at, np.select([version == 4, version == 6], [IPV4, IPV6], 0).astype(np.int64)


def cooked(
    out: Chunk, source: Bytes, rows: I64, start: I64, end: I64, kind: int, address: int, size: int
) -> tuple[I64, I64, I64]:
    """Frames of `tcpdump -i any` (LINUX_SLL, LINUX_SLL2): only the source's MAC address is in them."""
    at, stop = start[rows], end[rows]
    out["problem"][rows[stop - at < size]] = 1
    out["eth_src"][rows] = source.word(at + address, stop) >> np.uint64(16)
    ethertype = (source.word(at + kind, stop) >> np.uint64(48)).astype(np.int64)
    return rows, np.minimum(at + size, stop), ethertype
