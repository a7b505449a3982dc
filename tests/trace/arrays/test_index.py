"""An index returns all rows with the same values, in their order, and no others."""

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.arrays.index import Duplicates, Index

COLUMNS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=40)


@given(COLUMNS, st.randoms())
def test_same_as_returns_the_rows_with_equal_values_in_the_given_order(values, random):
    a, b = (np.array(column) for column in zip(*values, strict=True))
    rows = np.array(random.sample(range(len(a)), len(a)))
    index = Index(rows, a, b)
    for row in range(len(a)):
        same = [int(item) for item in rows if (a[item], b[item]) == (a[row], b[row])]
        assert index.same_as(row).tolist() == index.find(a[row], b[row]).tolist() == same


@given(COLUMNS)
def test_duplicates_have_the_same_key_which_is_computed_once_per_row(values):
    a, b = (np.array(column) for column in zip(*values, strict=True))
    asked = []

    def key(row):
        asked.append(row)
        return int(b[row])

    identical = Duplicates(Index(np.arange(len(a)), a), key)
    for row in range(len(a)):
        same = [item for item in range(len(a)) if (a[item], b[item]) == (a[row], b[row])]
        assert identical.of(row) == (same, same.index(row))
    assert len(asked) == len(a)


def test_values_that_do_not_occur_give_no_rows():
    assert Index(np.arange(3), np.array([1, 2, 3])).find(4).tolist() == []
