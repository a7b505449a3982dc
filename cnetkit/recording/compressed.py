"""Unpacks gzip-compressed captures, as Wireshark opens them too. It holds back what unpacks to far too much.

Source: RFC 1952. Several members, one after another, are one file.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\x1f\x8b"
RATIO, LEAST = 200, 1 << 26
"""No capture is 200 times smaller when packed; 64 MiB are unpacked in any case."""
STEP = 1 << 20
GZIP = 31
"""zlib's wbits for a gzip header and the largest window."""


def unpacked(data: NDArray[np.uint8], limit: int) -> tuple[NDArray[np.uint8], str]:
    """What `data` holds, at most `limit` bytes, and a sentence where that is not all of it, else nothing."""
    packed, found, at, warning = data.data, bytearray(), 0, ""
    most = min(limit, max(LEAST, RATIO * len(data)))
    while at < len(data) and not warning:
        reader = zlib.decompressobj(GZIP)
        try:
            at, warning = _member(reader, packed, at, found, most)
        except zlib.error as error:
            if found and bytes(packed[at : at + 2]) != MAGIC:
                break  # what follows the last member is padding
            warning = f"the compressed data from byte {at} on is damaged ({error}): it was read up to there"
    return np.frombuffer(found, np.uint8), warning


def _member(reader: zlib._Decompress, packed: memoryview, at: int, found: bytearray, most: int) -> tuple[int, str]:
    """Adds one member's bytes to `found`; gives where the next one begins, and what is wrong."""
    rest: bytes = b""
    while not reader.eof:
        if not rest:
            rest = bytes(packed[at : at + STEP])
            at += len(rest)
        if not rest and not (more := reader.flush()):
            return at, f"the compressed data ends in the middle, at byte {at}: it was read up to there"
        found += reader.decompress(rest, STEP) if rest else more
        rest = reader.unconsumed_tail
        if len(found) > most:
            del found[most:]
            return at, f"the compressed data unpacks to more than {most:,} bytes: it was read up to there"
    return at - len(reader.unused_data), ""
