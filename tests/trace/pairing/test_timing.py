"""Identical packets are distinguished by the times at which each interface was captured."""

from __future__ import annotations

import numpy as np

from cnetkit.trace.pairing.pairs import pair
from cnetkit.trace.pairing.timing import timing_of

MS = 1_000_000


def paired(sent, came, numbered=False, distinctive=False, more=()):
    """The sending that each arrival is paired with, as times in ms; `more` are other packets captured at the receiver."""
    times = np.array([*sent, *came, *more], float)
    tap = np.array([0] * len(sent) + [1] * (len(came) + len(more)))
    order = np.argsort(times, kind="stable")
    time, tap = (times[order] * MS).astype(np.int64), tap[order]
    marked = np.isin(times[order], more)
    parents, children = np.flatnonzero((tap == 0) & ~marked), np.flatnonzero((tap == 1) & ~marked)
    key = np.ones(len(time), np.uint64)
    where = timing_of(time, tap, np.full(len(time), numbered), key, np.full(len(time), distinctive), 2)
    result = pair(parents, key[parents], children, key[children], tap[children], where)
    return {(int(time[p] / MS), int(time[c] / MS)) for p, c in zip(result.parent, result.child, strict=True)}


def test_the_kth_pairs_with_the_kth_if_both_interfaces_were_captured_throughout():
    assert paired([0, 100, 200], [10, 110, 210]) == {(0, 10), (100, 110), (200, 210)}


def test_packets_before_the_other_capture_began_are_not_counted():
    assert paired([0, 1000, 2000], [1001, 2001, 3001]) == {(1000, 1001), (2000, 2001)}


def test_a_packet_long_before_the_other_capture_began_is_a_different_packet():
    assert paired([0], [24_000]) == set()


def test_a_slow_path_is_recognised_by_the_other_packets_on_it():
    assert paired([0, 1000, 2000], [200, 1200, 2200], more=[2500]) == {(0, 200), (1000, 1200), (2000, 2200)}


def test_numbered_packets_are_distinguished_by_their_numbers():
    assert paired([0], [400], numbered=True) == {(0, 400)}


def test_a_unique_payload_identifies_its_packet():
    assert paired([0], [1000], distinctive=True) == {(0, 1000)}
    assert paired([0, 1000, 2000], [1001, 2001, 3001], distinctive=True) == {(1000, 1001), (2000, 2001)}


def test_a_stall_on_a_link_captured_at_both_ends_does_not_disturb_the_count():
    sent = [n * 10 for n in range(60)]
    came = [max(time + 0.3, 300 if 100 <= time < 300 else 0) + n * 1e-3 for n, time in enumerate(sent)]
    assert paired(sent, came) == {(int(a), int(b)) for a, b in zip(sent, came, strict=True)}
