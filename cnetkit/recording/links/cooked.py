"""Linux "cooked" headers, which `tcpdump -i any` writes: LINUX_SLL and LINUX_SLL2."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes
from cnetkit.recording.links.chunk import Chunk, Inner


def cooked(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64, kind: int, address: int, size: int) -> Inner:
    """Frames of `tcpdump -i any` (LINUX_SLL, LINUX_SLL2): only the source's MAC address is in them."""
    at, stop = start[rows], end[rows]
    out["problem"][rows[stop - at < size]] = 1
    out["eth_src"][rows] = source.word(at + address, stop) >> np.uint64(16)
    ethertype = (source.word(at + kind, stop) >> np.uint64(48)).astype(np.int64)
    return rows, np.minimum(at + size, stop), ethertype
