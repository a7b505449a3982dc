"""Digests of several columns: equal rows have equal digests, different rows different ones."""

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.recording.chunks import CHUNK
from cnetkit.trace.arrays.digests import mix

ROW = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))


@given(st.lists(ROW, min_size=1, max_size=40))
def test_rows_have_equal_digests_if_and_only_if_they_are_equal(rows):
    columns = [np.array(column, kind) for column, kind in zip(zip(*rows, strict=True), ("u1", "i8", "u8"), strict=True)]
    digests = mix(*columns).tolist()
    assert len(set(digests)) == len(set(rows))
    assert [digests[rows.index(row)] for row in rows] == digests


def test_the_order_of_columns_matters():
    a, b = np.array([1, 2]), np.array([2, 1])
    assert (mix(a, b) != mix(b, a)).all()


def test_a_number_stands_for_a_whole_column():
    a = np.arange(5)
    assert mix(a, 7).tolist() == mix(a, np.full(5, 7)).tolist()


def test_a_digest_does_not_depend_on_the_chunk_it_is_computed_in():
    column = np.arange(2 * CHUNK + 3)
    assert mix(column)[-3:].tolist() == mix(column[-3:]).tolist()
