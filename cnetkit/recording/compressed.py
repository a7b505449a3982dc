"""Unpacks gzip-compressed captures, as Wireshark does. Limits the size of the result.

Source: RFC 1952. Several members, one after another, are one file.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\x1f\x8b"
OTHERS = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ": "xz", b"BZh": "bzip2", b"\x04\x22\x4d\x18": "lz4"}
"""The first bytes of other programs' files, which are only named."""
RATIO, LEAST = 200, 1 << 24
"""No capture compresses by more than a factor of 200; 16 MiB are unpacked in any case."""
STEP = 1 << 20
GZIP = 31
"""zlib's wbits for a gzip header and the largest window."""


def unpacked(data: NDArray[np.uint8], limit: int) -> tuple[NDArray[np.uint8], str]:
    """The content of `data`, at most `limit` bytes, and a sentence if that is not all of it."""
    packed, out, at, warning = data.data, bytearray(), 0, ""
    most = min(limit, max(LEAST, RATIO * len(data)))
    while at < len(data) and not warning:
        reader = zlib.decompressobj(GZIP)
        try:
            at, warning = _member(reader, packed, at, out, most)
        except zlib.error as error:
            if out and bytes(packed[at : at + 2]) != MAGIC:
                break  # padding follows the last member
            warning = f"the compressed data from byte {at} on is damaged ({error}): it was read up to there"
    return np.frombuffer(out, np.uint8), warning


def _member(reader: zlib._Decompress, packed: memoryview, at: int, out: bytearray, most: int) -> tuple[int, str]:
    """Appends one member's bytes to `out`; returns where the next one begins, and any error."""
    rest: bytes = b""
    while not reader.eof:
        if not rest:
            rest = bytes(packed[at : at + STEP])
            at += len(rest)
        if not rest and not (more := reader.flush()):
            return at, f"the compressed data ends in the middle, at byte {at}: it was read up to there"
        out += reader.decompress(rest, STEP) if rest else more
        rest = reader.unconsumed_tail
        if len(out) > most:
            del out[most:]
            return at, f"the compressed data unpacks to more than {most:,} bytes: it was read up to there"
    return at - len(reader.unused_data), ""
