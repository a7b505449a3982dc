"""A flow captured at several places is counted where most of it was captured; judged by counting in plain Python."""

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.conversations.exchanges import _at_best_tap


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20), st.randoms())
def test_of_each_flow_the_packets_at_the_place_with_most_are_counted(packets, random):
    taps, flows = zip(*packets, strict=True)
    rank = list(range(len(packets)))
    random.shuffle(rank)
    best = {}
    for flow in set(flows):
        at = {tap: [rank[n] for n, packet in enumerate(packets) if packet == (tap, flow)] for tap in set(taps)}
        best[flow] = min((-len(ranks), min(ranks), tap) for tap, ranks in at.items() if ranks)[2]
    chosen = _at_best_tap(np.array(taps, np.int32), np.array(flows), np.array(rank), max(flows) + 1)
    assert chosen.tolist() == [tap == best[flow] for tap, flow in packets]
