"""Converts the timestamps of capture files to nanoseconds, whatever their resolution.

A time that does not fit into 63 bits (after the year 2262) becomes the last one that does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LAST = (1 << 63) - 1
"""11 April 2262."""


def nanoseconds(
    ticks: NDArray[np.uint64], resolution: NDArray[np.integer], offset: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Nanoseconds since 1970 of `ticks` with their `resolution` (pcapng's if_tsresol) and `offset` (seconds)."""
    time = np.empty(len(ticks), np.int64)
    kinds = resolution.astype(np.int64) << 1 | (offset != 0)
    for kind in np.flatnonzero(np.bincount(kinds)).tolist():
        chosen = np.flatnonzero(kinds == kind)
        time[chosen] = _scaled(ticks[chosen], kind >> 1)
        if kind & 1:
            time[chosen] = _later(time[chosen], offset[chosen].astype(np.int64))
    return time


def _later(time: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """`time`, which is not negative, moved by whole seconds."""
    most = LAST // 10**9
    moved: NDArray[np.int64] = time + np.clip(seconds, -most, most) * 10**9
    return np.where((seconds > most) | ((seconds > 0) & (moved < time)), LAST, moved)


def _scaled(ticks: NDArray[np.uint64], resolution: int) -> NDArray[np.int64]:
    exponent = resolution & 0x7F
    if not resolution & 0x80:  # a power of ten
        if exponent <= 9:
            return _times(ticks, 10 ** (9 - exponent))
        return _times(ticks // np.uint64(10 ** min(exponent - 9, 19)), 1)
    shift = np.uint64(min(exponent, 63))
    fraction = ticks & ((np.uint64(1) << shift) - np.uint64(1))
    surplus = np.uint64(max(int(shift) - 33, 0))  # 33 bits times 10^9 fill 63 bits
    part = ((fraction >> surplus) * np.uint64(10**9)) >> (shift - surplus)
    whole = np.minimum(_times(ticks >> shift, 10**9), LAST - 10**9)
    return whole + part.view(np.int64)


def _times(ticks: NDArray[np.uint64], factor: int) -> NDArray[np.int64]:
    return (np.minimum(ticks, np.uint64(LAST // factor)) * np.uint64(factor)).view(np.int64)
