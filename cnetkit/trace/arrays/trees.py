"""Trees given by each row's parent: their roots, and how deep each row stands. It knows nothing of packets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def roots(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each row the first of its tree, by pointer jumping; rows of a circle never arrive."""
    root = np.where(parent < 0, np.arange(len(parent), dtype=np.int32), parent)
    for _ in range(len(parent).bit_length() + 1):
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    return root


def depths(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """How many steps each frame is from the first of its journey."""
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
