"""Sorting digests gives what numpy's own, slower functions give, whatever the digests are like."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnetkit.trace.arrays.order import begins, group_numbers, ordered, possible, shared

ALIKE = 0xABCD_EF01_2345_0000
KEYS = st.one_of(
    st.lists(st.integers(0, (1 << 64) - 1)),
    st.lists(st.integers(0, 9)),
    st.lists(st.sampled_from([ALIKE, ALIKE + 1, ALIKE + 2, 7])),
).map(lambda keys: np.array(keys, np.uint64))


@given(KEYS)
def test_rows_stand_in_the_order_of_their_digests_and_equal_ones_as_they_stood(key):
    order, found = ordered(key)
    assert order.tolist() == np.argsort(key, kind="stable").tolist()
    assert found.tolist() == key[order].tolist()


@given(KEYS)
def test_equal_digests_have_one_number_and_a_first_row(key):
    number, first = group_numbers(key)
    _, index, inverse = np.unique(key, return_index=True, return_inverse=True)
    assert number.tolist() == inverse.tolist()
    assert first.tolist() == index.tolist()


@given(KEYS, KEYS)
def test_what_two_lists_share_is_found_in_both(one, other):
    left, right = shared(one, other)
    assert left.tolist() == np.isin(one, other).tolist()
    assert right.tolist() == np.isin(other, one).tolist()


@given(KEYS, KEYS)
def test_nothing_that_has_an_equal_is_put_aside(one, other):
    assert set(np.flatnonzero(np.isin(one, other)).tolist()) <= set(possible(one, other).tolist())


def test_most_of_what_has_no_equal_is_put_aside():
    random = np.random.default_rng(1)
    one, other = (random.integers(0, 1 << 63, 10_000).astype(np.uint64) * np.uint64(2) for _ in range(2))
    assert len(possible(one, other)) < 2_500


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_first_of_each_kind_in_a_sorted_list(count):
    assert begins(np.full(count, 3)).tolist() == [True, False, False, False, False][:count]
