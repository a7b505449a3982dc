"""Frames that begin with an IP header, directly or after the four octets of BSD's loopback."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes
from cnetkit.recording.links.chunk import Chunk, Inner
from cnetkit.recording.protocols import IPV4, IPV6


def raw(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64, skip: int) -> Inner:
    """Frames whose IP header begins after `skip` octets; its version gives the EtherType."""
    at, stop = start[rows] + skip, end[rows]
    out["problem"][rows[stop - at < 1]] = 1
    at = np.minimum(at, stop)
    version = source.word(at, stop) >> np.uint64(60)
    return rows, at, np.select([version == 4, version == 6], [IPV4, IPV6], 0).astype(np.int64)
