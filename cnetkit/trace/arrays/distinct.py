"""Makes one word for all rows that share a key, so that each word is built only once. Knows nothing about packets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Word = TypeVar("Word")


@dataclass(frozen=True, slots=True)
class Distinct(Generic[Word]):
    """n rows that share few words."""

    code: NDArray[np.int64]
    """For each row the index of its word in `words`."""
    words: list[Word]

    def holds(self, test: Callable[[Word], bool]) -> NDArray[np.bool_]:
        """For each row whether its word passes `test`."""
        return np.array([test(word) for word in self.words], np.bool_)[self.code]


def distinct(keys: NDArray[np.generic], word: Callable[[int], Word]) -> Distinct[Word]:
    """The words of all rows. `word` is called for one row of each key; equal words get the same code."""
    _, first, code = np.unique(keys, return_index=True, return_inverse=True)
    places: dict[Word, int] = {}
    same = np.array([places.setdefault(word(row), len(places)) for row in first.tolist()], np.int64)
    return Distinct(same[code], list(places))
