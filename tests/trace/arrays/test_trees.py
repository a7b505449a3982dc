"""Roots and depths of trees, compared with following each row's parent."""

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.arrays.trees import depths, roots


@st.composite
def forests(draw):
    """Each row's parent is an earlier row or -1, then the rows are shuffled."""
    count = draw(st.integers(0, 60))
    parent = [draw(st.integers(-1, row - 1)) for row in range(count)]
    order = draw(st.permutations(range(count)))
    shuffled = [-1] * count
    for row, above in enumerate(parent):
        shuffled[order[row]] = -1 if above < 0 else order[above]
    return shuffled


def path(parent, row):
    while parent[row] >= 0:
        row = parent[row]
        yield row


@given(forests())
def test_every_row_has_its_root_and_its_depth(parent):
    array = np.array(parent, np.int32)
    paths = [[row, *path(parent, row)] for row in range(len(parent))]
    assert roots(array).tolist() == [steps[-1] for steps in paths]
    assert depths(array).tolist() == [len(steps) - 1 for steps in paths]


def test_a_cycle_does_not_end_at_a_root():
    parent = np.array([2, 0, 1, -1, 3], np.int32)
    root = roots(parent)
    assert (parent[root[:3]] >= 0).all()
    assert root[3:].tolist() == [3, 3]
