"""Mixes integer columns into one 64-bit digest per row. Knows nothing about packets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.chunks import by_chunks

U64 = NDArray[np.uint64]
Rows = NDArray[np.int64]

SEED = np.uint64(0x9E3779B97F4A7C15)
FACTOR = np.uint64(0xFF51AFD7ED558CCD)
HALF = np.uint64(32)


def mix(*parts: NDArray[np.generic] | int) -> U64:
    """One 64-bit digest per row, from several integer columns. The order of the columns matters."""
    size = max(np.size(part) for part in parts if isinstance(part, np.ndarray))
    value = np.empty(size, np.uint64)

    def some(chunk: slice) -> None:
        mixed = value[chunk]
        mixed.fill(SEED)
        for part in parts:
            mixed ^= part[chunk].astype(np.uint64) if isinstance(part, np.ndarray) else np.uint64(part)
            mixed *= FACTOR
            mixed ^= mixed >> HALF

    by_chunks(size, some)
    return value
