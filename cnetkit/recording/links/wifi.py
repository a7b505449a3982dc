"""IEEE 802.11: data frames, plain or after a radiotap or AVS header. Encrypted and other frames are left as payload.

Source: IEEE 802.11, 9.2 and 9.3.2; radiotap.org; IEEE 802.2 (LLC with SNAP).
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes
from cnetkit.recording.links.chunk import Chunk, Inner

DATA, QOS, EMPTY = 2, 8, 4
"""The type of data frames, and bits of their subtype."""
TO_DS, FROM_DS, PROTECTED, ORDER = 1, 2, 0x40, 0x80
SNAP = 0xAAAA03000000


def radiotap(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64) -> Inner:
    """Frames after a radiotap header, which contains its own length."""
    head = source.word(start[rows], end[rows])
    length = ((head >> np.uint64(40)) & np.uint64(0xFF)) | ((head >> np.uint64(24)) & np.uint64(0xFF00))
    return _frames(out, source, rows, start[rows] + length.astype(np.int64), end[rows])


def avs(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64) -> Inner:
    """Frames after an AVS header, which contains its own length."""
    length = source.word(start[rows], end[rows]) & np.uint64(0xFFFFFFFF)
    return _frames(out, source, rows, start[rows] + length.astype(np.int64), end[rows])


def wifi(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64) -> Inner:
    """Frames without a header before them."""
    return _frames(out, source, rows, start[rows], end[rows])


def _frames(out: Chunk, source: Bytes, rows: I64, at: I64, stop: I64) -> Inner:
    out["problem"][rows[stop - at < 24]] = 1
    at = np.minimum(at, stop)
    control = (source.word(at, stop) >> np.uint64(48)).astype(np.int64)
    kind, subtype, flags = (control >> 10) & 3, control >> 12, control & 0xFF
    first, second, third = (source.word(at + place, stop) >> np.uint64(16) for place in (4, 10, 16))
    fourth = source.word(at + 24, stop) >> np.uint64(16)
    to, off = flags & TO_DS != 0, flags & FROM_DS != 0
    data = kind == DATA
    out["eth_dst"][rows] = np.where(data, np.where(to, third, first), np.uint64(0))
    out["eth_src"][rows] = np.where(data, np.where(to & off, fourth, np.where(off, third, second)), np.uint64(0))
    qos = subtype & QOS != 0
    place = at + 24 + 6 * (to & off) + 2 * qos + 4 * (qos & (flags & ORDER != 0))
    plain = data & (subtype & EMPTY == 0) & (flags & PROTECTED == 0)
    snap = plain & (source.word(place, stop) >> np.uint64(16) == SNAP) & (place + 8 <= stop)
    ethertype = np.where(snap, (source.word(place + 6, stop) >> np.uint64(48)).astype(np.int64), 0)
    return rows, np.where(snap, place + 8, np.minimum(place, stop)), ethertype
