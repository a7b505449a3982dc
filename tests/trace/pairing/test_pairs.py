"""Among identical packets of unequal number only a pair without a rival nearby is certain."""

from __future__ import annotations

import numpy as np
import pytest

from cnetkit.trace.pairing.pairs import pair
from cnetkit.trace.pairing.timing import timing_of


def paired(sent, came):
    """Times in ms of numbered packets: the pairs, and the ambiguous arrivals with the only sending they could have, or None."""
    times = np.array([*sent, *came], float)
    order = np.argsort(times, kind="stable")
    time, tap = (times[order] * 1_000_000).astype(np.int64), (order >= len(sent)).astype(np.int64)
    parents, children = np.flatnonzero(tap == 0), np.flatnonzero(tap == 1)
    key = np.ones(len(time), np.uint64)
    timing = timing_of(time, tap, key > 0, key, key == 0, 2)
    result = pair(parents, key[parents], children, key[children], tap[children], timing)
    at = (times[order]).tolist()
    only = [at[row] if row >= 0 else None for row in result.only]
    pairs = {(at[p], at[c]) for p, c in zip(result.parent, result.child, strict=True)}
    return pairs, dict(zip((at[c] for c in result.ambiguous), only, strict=True))


@pytest.mark.parametrize(
    ("sent", "came", "pairs"),
    [
        ([0, 60], [20], {(0, 20)}),  # the second one was lost
        ([0, 60, 100], [20], {(0, 20)}),
        ([0], [20, 61, 100], set()),  # and of three arrivals none is certain
        ([0, 200, 400], [1, 201], {(0, 1), (200, 201)}),
        ([0, 200, 400], [201, 401], {(200, 201), (400, 401)}),
        ([0, 200], [1, 201, 401], {(0, 1), (200, 201)}),
    ],
)
def test_of_an_uneven_run_each_pair_without_a_rival_is_certain(sent, came, pairs):
    assert paired(sent, came)[0] == pairs


@pytest.mark.parametrize(
    ("sent", "came", "ambiguous"),
    [
        ([0, 10], [20], {20: None}),  # either of them was lost
        ([0, 30], [20], {20: None}),  # the second one is nearer, though it was sent later
        ([0, 200], [1, 3, 201], {1: 0, 3: 0}),  # either of them is another packet
    ],
)
def test_a_pair_with_a_rival_nearby_is_ambiguous(sent, came, ambiguous):
    pairs, doubtful = paired(sent, came)
    assert doubtful == ambiguous
    assert not pairs & {(parent, child) for parent in sent for child in ambiguous}
