"""Finds frames by the values in their columns, without scanning all frames for each query.

Knows nothing about packets: the caller chooses the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.digests import Rows, mix
from cnetkit.trace.arrays.order import ordered


class Index:
    """`rows`, in the given order, indexed by the values of `columns`; the columns have an element for every frame."""

    def __init__(self, rows: Rows, *columns: NDArray[np.generic]) -> None:
        self._digest = mix(*columns)
        order, self._keys = ordered(self._digest[rows])
        self._rows = rows[order]

    def same_as(self, frame: int) -> Rows:
        """The rows that have the same values as this frame."""
        return self._under(self._digest[frame])

    def find(self, *values: int | np.integer) -> Rows:
        """The rows that have these values."""
        return self._under(mix(*(np.array([value]) for value in values))[0])

    def _under(self, key: np.uint64) -> Rows:
        first, last = np.searchsorted(self._keys, key), np.searchsorted(self._keys, key, "right")
        return self._rows[first:last]


class Duplicates:
    """Groups frames that have the same `key`. The key is computed only for frames that the index returns together."""

    def __init__(self, index: Index, key: Callable[[int], Hashable]) -> None:
        self._index, self._key = index, key
        self._groups: dict[int, tuple[list[int], int]] = {}

    def of(self, frame: int) -> tuple[list[int], int]:
        """The frames with the same key as this one, in the order of the index, and this frame's position among them."""
        if frame not in self._groups:
            by_key: dict[Hashable, list[int]] = {}
            for row in self._index.same_as(frame).tolist():
                there = by_key.setdefault(self._key(row), [])
                self._groups[row] = there, len(there)
                there.append(row)
        return self._groups[frame]
