"""NFLOG: packets that netfilter's NFLOG or `log group` passed to a program. Source: linux/netfilter/nfnetlink_log.h."""

from __future__ import annotations

import sys

import numpy as np

from cnetkit.recording.gather import I64, Bytes
from cnetkit.recording.links.chunk import Chunk, Inner
from cnetkit.recording.protocols import IPV4, IPV6

PAYLOAD, MOST_FIELDS = 9, 32


def nflog(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64) -> Inner:
    """Frames made of fields with length and type, in the byte order of the host; one field is the packet."""
    at, stop = start[rows] + 4, end[rows]
    place = stop.copy()
    for _ in range(MOST_FIELDS):
        head = (source.word(at, stop) >> np.uint64(32)).astype(np.uint32)
        head = head.astype(">u4").view("<u2" if sys.byteorder == "little" else ">u2").reshape(len(rows), 2)
        length, kind = head[:, 0].astype(np.int64), head[:, 1].astype(np.int64) & 0x7FFF
        place = np.where((kind == PAYLOAD) & (length >= 4) & (place == stop), np.minimum(at + 4, stop), place)
        at = np.where((length >= 4) & (at < stop), at + (length + 3 & ~3), stop)
    out["problem"][rows[place == stop]] = 1
    version = source.word(place, stop) >> np.uint64(60)
    return rows, place, np.select([version == 4, version == 6], [IPV4, IPV6], 0).astype(np.int64)
