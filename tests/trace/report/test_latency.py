"""Quantiles of groups, compared with numpy's."""

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.report.latency import quantiles

GROUPED = st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1e6)), max_size=40)


@given(GROUPED, st.floats(0, 1))
def test_quantiles_equal_numpys(pairs, share):
    values, group = np.array([value for _, value in pairs]), np.array([number for number, _ in pairs], np.int64)
    (result,) = quantiles(values, group, 5, (share,))
    for number in range(5):
        mine = values[group == number]
        expected = np.quantile(mine, share) if len(mine) else np.nan
        np.testing.assert_allclose(result[number], expected, rtol=1e-9, atol=1e-6)
