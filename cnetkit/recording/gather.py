"""Reads the same few octets of many frames at once, and digests payloads of any length. Knows no protocol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]


class Bytes:
    """Reads eight octets at many places of one buffer at once, big-endian; octets past an end read as 0."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data = data if len(data) >= 8 else np.append(data, np.zeros(8, np.uint8))
        self.last = len(self.data) - 8
        self.words = np.ndarray((self.last + 1,), ">u8", self.data.data, 0, (1,))

    def word(self, at: I64, end: I64) -> U64:
        """The 64-bit word at each `at`, as if zeros followed from `end` on."""
        left = end - at
        place = np.minimum(at, self.last)
        value: U64 = self.words[place].astype(np.uint64)
        short = np.flatnonzero(left < 8)
        if len(short):
            value[short] <<= (np.minimum(at - place, 7)[short] * 8).astype(np.uint64)  # read before the last octets
            missing = (8 - np.maximum(left[short], 0)) * 8
            kept = np.where(missing > 63, np.uint64(0), ~np.uint64(0) << (missing % 64).astype(np.uint64))
            value[short] &= kept
        return value


def among(values: NDArray[np.generic], wanted: Sequence[int]) -> NDArray[np.bool_]:
    """Which `values` are one of a few: what np.isin does with much more ado."""
    found: NDArray[np.bool_] = values == wanted[0]
    for one in wanted[1:]:
        found |= values == one
    return found


def digest(source: Bytes, at: NDArray[np.generic], length: NDArray[np.generic]) -> U64:
    """A 64-bit digest of each `length` octets at `at`.

    Multiplies and folds a word at a time; it tells packets apart, it does not protect against anyone.
    """
    size = length.astype(np.int64)
    # Of 16 bits, numpy sorts by radix.
    order = np.argsort((65535 - size).astype(np.uint16) if size.max(initial=0) < 65536 else -size, kind="stable")
    begin, size = at.astype(np.int64)[order], size[order]
    end = begin + size
    value: U64 = np.full(len(order), 0x9E3779B97F4A7C15, np.uint64) ^ size.astype(np.uint64)
    longest = int(size[0]) if len(size) else 0
    ascending = -size
    for step in range(0, longest, 8):
        live = int(np.searchsorted(ascending, -step, side="left"))
        head = value[:live]
        head ^= source.word(begin[:live] + step, end[:live])
        head *= np.uint64(0xFF51AFD7ED558CCD)
        head ^= head >> np.uint64(32)
    result = np.empty_like(value)
    result[order] = value
    return result
