"""Words made once for rows with the same key."""

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.arrays.distinct import distinct


@given(st.lists(st.integers(0, 9), max_size=30))
def test_each_row_has_its_word_and_each_word_occurs_once(keys):
    asked = []

    def word(row):
        asked.append(row)
        return f"{keys[row] // 2}"  # two keys share a word

    found = distinct(np.array(keys, np.int64), word)
    assert [found.words[code] for code in found.code] == [f"{key // 2}" for key in keys]
    assert len(found.words) == len(set(found.words))
    assert len(asked) == len(set(keys))
    assert found.holds(lambda one: one == "1").tolist() == [key // 2 == 1 for key in keys]
