"""An index finds all rows that hold the same as one, in their order, and no others."""

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.arrays.index import Duplicates, Index

COLUMNS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=40)


@given(COLUMNS, st.randoms())
def test_like_are_the_rows_with_the_same_values_in_the_order_they_were_given(values, random):
    a, b = (np.array(column) for column in zip(*values, strict=True))
    rows = np.array(random.sample(range(len(a)), len(a)))
    index = Index(rows, a, b)
    for row in range(len(a)):
        same = [int(one) for one in rows if (a[one], b[one]) == (a[row], b[row])]
        assert index.same_as(row).tolist() == index.find(a[row], b[row]).tolist() == same


@given(COLUMNS)
def test_alike_are_those_of_them_with_the_same_key_and_it_is_asked_once_a_row(values):
    a, b = (np.array(column) for column in zip(*values, strict=True))
    asked = []

    def key(row):
        asked.append(row)
        return int(b[row])

    alike = Duplicates(Index(np.arange(len(a)), a), key)
    for row in range(len(a)):
        same = [one for one in range(len(a)) if (a[one], b[one]) == (a[row], b[row])]
        assert alike.of(row) == (same, same.index(row))
    assert len(asked) == len(a)


def test_what_is_not_there_is_not_found():
    assert Index(np.arange(3), np.array([1, 2, 3])).find(4).tolist() == []
