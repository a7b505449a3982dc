"""Finds frames by what their columns hold. What is asked for each packet must not read all of them each time.

It knows nothing of packets: whoever asks says which columns count.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.digests import Rows, mix
from cnetkit.trace.arrays.order import ordered


class Index:
    """`rows`, in the order they are given, by the integers that `columns` hold for them; the columns tell of every frame."""

    def __init__(self, rows: Rows, *columns: NDArray[np.generic]) -> None:
        self._digest = mix(*columns)
        order, self._keys = ordered(self._digest[rows])
        self._rows = rows[order]

    def like(self, frame: int) -> Rows:
        """The rows that hold what this frame holds."""
        return self._under(self._digest[frame])

    def find(self, *values: int | np.integer) -> Rows:
        """The rows that hold these values."""
        return self._under(mix(*(np.array([value]) for value in values))[0])

    def _under(self, key: np.uint64) -> Rows:
        first, last = np.searchsorted(self._keys, key), np.searchsorted(self._keys, key, "right")
        return self._rows[first:last]


class Alike:
    """The frames that have the same `key`, which is worked out only for those that the index finds to be like one."""

    def __init__(self, index: Index, key: Callable[[int], Hashable]) -> None:
        self._index, self._key = index, key
        self._known: dict[int, tuple[list[int], int]] = {}

    def of(self, frame: int) -> tuple[list[int], int]:
        """The frames alike, in the index's order, and the place of this one among them."""
        if frame not in self._known:
            alike: dict[Hashable, list[int]] = {}
            for row in self._index.like(frame).tolist():
                there = alike.setdefault(self._key(row), [])
                self._known[row] = there, len(there)
                there.append(row)
        return self._known[frame]
