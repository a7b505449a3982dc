"""Turns the timestamps of capture files into nanoseconds, whatever their resolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nanoseconds(
    ticks: NDArray[np.uint64], resolution: NDArray[np.integer], offset: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Nanoseconds since 1970 of `ticks` in each one's `resolution` (pcapng's if_tsresol) and `offset` (seconds)."""
    time = np.empty(len(ticks), np.int64)
    kinds = resolution.astype(np.int64) << 1 | (offset != 0)
    for kind in np.flatnonzero(np.bincount(kinds)).tolist():
        chosen = np.flatnonzero(kinds == kind)
        time[chosen] = _scaled(ticks[chosen], kind >> 1)
        if kind & 1:
            time[chosen] += offset[chosen] * 10**9
    return time


def _scaled(ticks: NDArray[np.uint64], resolution: int) -> NDArray[np.int64]:
    exponent = resolution & 0x7F
    if not resolution & 0x80:  # a power of ten
        if exponent <= 9:
            return (ticks * np.uint64(10 ** (9 - exponent))).view(np.int64)
        return (ticks // np.uint64(10 ** min(exponent - 9, 19))).view(np.int64)
    shift = np.uint64(min(exponent, 63))
    fraction = ticks & ((np.uint64(1) << shift) - np.uint64(1))
    surplus = np.uint64(max(int(shift) - 33, 0))  # 33 bits times 10^9 fill 63 bits
    part = ((fraction >> surplus) * np.uint64(10**9)) >> (shift - surplus)
    return ((ticks >> shift) * np.uint64(10**9) + part).view(np.int64)
