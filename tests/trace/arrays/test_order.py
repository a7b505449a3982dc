"""Sorting digests gives the results of numpy's slower functions, for any digests."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnetkit.trace.arrays.order import begins, contained, group_numbers, ordered, possible, shared

ALIKE = 0xABCD_EF01_2345_0000
KEYS = st.one_of(
    st.lists(st.integers(0, (1 << 64) - 1)),
    st.lists(st.integers(0, 9)),
    st.lists(st.sampled_from([ALIKE, ALIKE + 1, ALIKE + 2, 7])),
).map(lambda keys: np.array(keys, np.uint64))


@given(KEYS)
def test_rows_are_sorted_by_digest_and_equal_ones_keep_their_order(key):
    order, result = ordered(key)
    assert order.tolist() == np.argsort(key, kind="stable").tolist()
    assert result.tolist() == key[order].tolist()


@given(KEYS)
def test_equal_digests_have_the_same_number_and_a_first_row(key):
    number, first = group_numbers(key)
    _, index, inverse = np.unique(key, return_index=True, return_inverse=True)
    assert number.tolist() == inverse.tolist()
    assert first.tolist() == index.tolist()


@given(KEYS, KEYS)
def test_elements_of_both_lists_are_marked_in_both(one, other):
    left, right = shared(one, other)
    assert left.tolist() == np.isin(one, other).tolist()
    assert right.tolist() == np.isin(other, one).tolist()


@given(KEYS, KEYS)
def test_elements_that_occur_in_a_list_are_marked(one, other):
    assert contained(one, other).tolist() == np.isin(one, other).tolist()


@given(KEYS, KEYS)
def test_every_element_with_an_equal_is_possible(one, other):
    assert set(np.flatnonzero(np.isin(one, other)).tolist()) <= set(possible(one, other).tolist())


def test_most_elements_without_an_equal_are_not_possible():
    random = np.random.default_rng(1)
    item, another = (random.integers(0, 1 << 63, 10_000).astype(np.uint64) * np.uint64(2) for _ in range(2))
    assert len(possible(item, another)) < 2_500


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_first_of_equal_elements_is_marked(count):
    assert begins(np.full(count, 3)).tolist() == [True, False, False, False, False][:count]
