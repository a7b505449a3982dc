"""Packets that look the same are told apart by when each interface was captured."""

from __future__ import annotations

import numpy as np

from cnetkit.trace.pairing.pairs import pair
from cnetkit.trace.pairing.timing import timing_of

MS = 1_000_000


def paired(sent, came, numbered=False, distinctive=False, more=()):
    """Which sending each arrival is paired with, as their times in ms; `more` are others seen where they came."""
    times = np.array([*sent, *came, *more], float)
    tap = np.array([0] * len(sent) + [1] * (len(came) + len(more)))
    order = np.argsort(times, kind="stable")
    time, tap = (times[order] * MS).astype(np.int64), tap[order]
    marked = np.isin(times[order], more)
    parents, children = np.flatnonzero((tap == 0) & ~marked), np.flatnonzero((tap == 1) & ~marked)
    key = np.ones(len(time), np.uint64)
    where = timing_of(time, tap, np.full(len(time), numbered), key, np.full(len(time), distinctive), 2)
    found = pair(parents, key[parents], children, key[children], tap[children], where)
    return {(int(time[p] / MS), int(time[c] / MS)) for p, c in zip(found.parent, found.child, strict=True)}


def test_the_kth_is_the_kth_where_both_were_captured_all_the_time():
    assert paired([0, 100, 200], [10, 110, 210]) == {(0, 10), (100, 110), (200, 210)}


def test_what_one_saw_before_the_other_began_is_not_counted():
    assert paired([0, 1000, 2000], [1001, 2001, 3001]) == {(1000, 1001), (2000, 2001)}


def test_one_packet_long_before_the_other_began_is_another_one():
    assert paired([0], [24_000]) == set()


def test_a_slow_way_is_known_by_what_else_took_it():
    assert paired([0, 1000, 2000], [200, 1200, 2200], more=[2500]) == {(0, 200), (1000, 1200), (2000, 2200)}


def test_numbered_packets_are_told_by_their_numbers():
    assert paired([0], [400], numbered=True) == {(0, 400)}


def test_a_payload_that_nobody_saw_twice_tells_its_packet():
    assert paired([0], [1000], distinctive=True) == {(0, 1000)}
    assert paired([0, 1000, 2000], [1001, 2001, 3001], distinctive=True) == {(1000, 1001), (2000, 2001)}


def test_a_stall_on_a_link_that_both_ends_saw_disturbs_no_count():
    sent = [n * 10 for n in range(60)]
    came = [max(time + 0.3, 300 if 100 <= time < 300 else 0) + n * 1e-3 for n, time in enumerate(sent)]
    assert paired(sent, came) == {(int(a), int(b)) for a, b in zip(sent, came, strict=True)}
