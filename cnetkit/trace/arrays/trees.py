"""Trees, given as the parent of each row: their roots and the depth of each row. Knows nothing about packets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def roots(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each row the root of its tree, by pointer jumping. Rows of a cycle have no root."""
    root = np.where(parent < 0, np.arange(len(parent), dtype=np.int32), parent)
    for _ in range(len(parent).bit_length() + 1):
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    return root


def depths(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each row the number of steps from its root."""
    steps = (parent >= 0).astype(np.int32)
    up = parent.copy()
    while True:
        live = np.flatnonzero(up >= 0)
        if not len(live):
            return steps
        above = up[live]
        steps_above, up_above = steps[above].copy(), up[above].copy()
        steps[live] += steps_above
        up[live] = up_above
