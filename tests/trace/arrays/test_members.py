"""Members of groups, against plain lists."""

from itertools import pairwise

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.arrays.members import members, runs


@given(st.lists(st.integers(0, 5), max_size=30), st.sets(st.integers(0, 5)))
def test_members_are_listed_group_after_group(group, chosen):
    order, begins = members(np.array(group, np.int64), 6)
    rows, limits = runs(begins, np.array(sorted(chosen), np.int64))
    result = [order[rows[a:b]].tolist() for a, b in pairwise(limits)]
    assert result == [[at for at, number in enumerate(group) if number == item] for item in sorted(chosen)]
