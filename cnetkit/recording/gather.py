"""Reads the same few octets of many frames at once, and digests payloads of any length. Knows no protocol."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

SEED, FACTOR, HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD), np.uint64(32)
BLOCK, WORDS = 64, 8
"""Octets and words that are digested at a time, if there are so many."""
KEYS = np.cumprod(np.full(WORDS, SEED))[:, None]
"""Odd and unrelated to each other, so that a change in one word is not undone by another."""
ROWS = 1 << 12
"""Rows of which blocks are read at a time: their words stay in the processor's cache."""


class Bytes:
    """Reads eight octets at many places of one buffer at once, big-endian; octets past an end read as 0."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data = data if len(data) >= 8 else np.append(data, np.zeros(8, np.uint8))
        self.last = len(self.data) - 8
        self.words = np.ndarray((self.last + 1,), np.uint64, self.data.data, 0, (1,))
        self.even = len(self.data) // 8 * 8
        self._even = np.require(self.data[: self.even].view("<u8"), requirements="A")

    def word(self, at: I64, end: I64) -> U64:
        """The 64-bit word at each `at`, as if zeros followed from `end` on."""
        left = end - at
        place = np.minimum(at, self.last)
        value: U64 = self.words[place]
        if sys.byteorder == "little":
            value.byteswap(inplace=True)
        short = np.flatnonzero(left < 8)
        if len(short):
            value[short] <<= (np.minimum(at - place, 7)[short] * 8).astype(np.uint64)  # read before the last octets
            missing = (8 - np.maximum(left[short], 0)) * 8
            kept = np.where(missing > 63, np.uint64(0), ~np.uint64(0) << (missing % 64).astype(np.uint64))
            value[short] &= kept
        return value

    def even_word(self, number: I64) -> U64:
        """The words at eight times each `number`, little-endian; any value for a word that does not exist."""
        return self._even.take(number, mode="clip").astype(np.uint64, copy=False)

    def after(self, start: int) -> Bytes:
        """A copy of the data from `start` on, filled up with zeros to whole words."""
        return Bytes(np.append(self.data[start:], np.zeros((start - len(self.data)) % 8, np.uint8)))


def among(values: NDArray[np.generic], wanted: Sequence[int]) -> NDArray[np.bool_]:
    """Which `values` are among a few `wanted` ones: faster than np.isin."""
    matches: NDArray[np.bool_] = values == wanted[0]
    for value in wanted[1:]:
        matches |= values == value
    return matches


def digest(source: Bytes, at: NDArray[np.generic], length: NDArray[np.generic]) -> U64:
    """A 64-bit digest of each `length` octets at `at`.

    Multiplies and folds. It distinguishes packets; it is not a cryptographic hash.
    """
    begin, size = at.astype(np.int64), length.astype(np.int64)
    late = np.flatnonzero((begin + size > source.even) & (size >= BLOCK))
    if len(late):  # the last word of the buffer is incomplete
        start, early = int(begin[late].min()), size.copy()
        early[late] = 0
        result = digest(source, begin, early)
        result[late] = digest(source.after(start), begin[late] - start, size[late])
        return result
    order = _longest_first(size)
    begin, size = begin[order], size[order]
    value: U64 = SEED ^ size.astype(np.uint64)
    blocks = size // BLOCK
    for first in range(0, int(np.searchsorted(-blocks, 0)), ROWS):
        some = slice(first, first + ROWS)
        _blocks(source, value[some], begin[some], blocks[some])
    begin, size = begin + blocks * BLOCK, size % BLOCK
    shorter = _longest_first(size)
    begin, size, order, value = begin[shorter], size[shorter], order[shorter], value[shorter]
    end = begin + size
    for step in range(0, int(size.max(initial=0)), 8):
        live = int(np.searchsorted(-size, -step))
        _fold(value[:live], source.word(begin[:live] + step, end[:live]))
    result = np.empty_like(value)
    result[order] = value
    return result


def _longest_first(size: I64) -> I64:
    """The rows by size, equal ones in their order. numpy uses radix sort for 16 bits."""
    return np.argsort((65535 - size).astype(np.uint16) if size.max(initial=0) < 65536 else -size, kind="stable")


def _fold(value: U64, word: U64) -> None:
    value ^= word
    value *= FACTOR
    value ^= value >> HALF


def _blocks(source: Bytes, value: U64, begin: I64, count: I64) -> None:
    """Folds `count` blocks at each `begin` into `value`; sorted by the number of blocks, descending.

    Aligned words are read three times as fast as others, so aligned words are read and shifted.
    """
    place, low = begin // 8, (begin % 8 * 8).astype(np.uint64)
    before = source.even_word(place)
    place = place + np.arange(1, WORDS + 1)[:, None]
    for step in range(int(count[0])):
        live = int(np.searchsorted(-count, -step))
        read = source.even_word(place[:, :live])
        words = read << (np.uint64(64) - low[:live])
        words[0] |= before[:live] >> low[:live]
        words[1:] |= read[:-1] >> low[:live]
        before = read[-1]
        place += WORDS
        words *= FACTOR
        words ^= words >> HALF
        words *= KEYS
        _fold(value[:live], words.sum(0))
