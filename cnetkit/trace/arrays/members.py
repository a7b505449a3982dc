"""Members of many groups, such as the frames of journeys, in one array, group after group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]


def members(group: NDArray[np.integer], count: int) -> tuple[I64, I64]:
    """The rows of `count` groups, in their order within each group, and where each group begins (plus one for the
    end)."""
    order = np.argsort(group, kind="stable")
    return order, np.searchsorted(group[order], np.arange(count + 1))


def runs(begins: I64, groups: I64) -> tuple[I64, I64]:
    """The positions of the members of `groups`, and where each of these begins among them (plus one for the end)."""
    sizes = begins[groups + 1] - begins[groups]
    limits = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return np.repeat(begins[groups] - limits[:-1], sizes) + np.arange(limits[-1]), limits
