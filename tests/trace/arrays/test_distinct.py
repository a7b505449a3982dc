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

    result = distinct(np.array(keys, np.int64), word)
    assert [result.words[code] for code in result.code] == [f"{key // 2}" for key in keys]
    assert len(result.words) == len(set(result.words))
    assert len(asked) == len(set(keys))
    assert result.holds(lambda item: item == "1").tolist() == [key // 2 == 1 for key in keys]
