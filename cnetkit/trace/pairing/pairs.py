"""Pairs parents with children: the join that all steps use.

Of identical packets the k-th parent is paired with the k-th child if both sides have the same number. If not, order
and time may still decide; otherwise the row is ambiguous. Nothing is guessed. Knows nothing about networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.arrays.order import begins, ordered, possible, ranks
from cnetkit.trace.pairing.timing import PAUSE_NS, Timing

NEAR_NS, NEAR_FACTOR = 50_000_000, 10
"""Among identical packets a pair is certain if there is no rival within this time, or within this many times its own
delay."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """`parent[i]` is the parent of `child[i]`; `ambiguous` are children with several equally good candidates.

    `only[i]` is the single parent that `ambiguous[i]` could have, if its rivals are other children; else -1.
    """

    parent: Rows
    child: Rows
    ambiguous: Rows
    only: Rows


NOTHING = np.zeros(0, np.int64)
NO_PAIRS = Pairs(NOTHING, NOTHING, NOTHING, NOTHING)


def pair(
    parents: Rows,
    parent_key: U64,
    children: Rows,
    child_key: U64,
    lane: NDArray[np.generic],
    timing: Timing,
    *,
    ties: bool = False,
) -> Pairs:
    """Pairs children with parents of the same key.

    Rows are numbered in the order of time and given in ascending order. A parent has at most one child per `lane` (an
    interface, so that a flood can fork). A parent comes before its child, or with `ties` at the same time. Doubtful
    pairs (see Timing) are kept only if other packets took as long on the same way.
    """
    if not len(parents) or not len(children):
        return NO_PAIRS
    some = possible(parent_key, child_key)
    parents, parent_key = parents[some], parent_key[some]
    some = possible(child_key, parent_key)
    children, child_key, lane = children[some], child_key[some], lane[some]
    if not len(parents) or not len(children):
        return NO_PAIRS
    order, key = ordered(np.concatenate((parent_key, child_key)))  # among equal keys the parents come first
    is_parent = order < len(parents)
    starts = np.flatnonzero(begins(key))
    before = np.append(0, np.cumsum(is_parent))  # parents before each position
    born = before[np.append(starts[1:], len(key))] - before[starts]
    number = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(key))))
    at = np.flatnonzero(~is_parent & (born > 0)[number])
    if not len(at):
        return NO_PAIRS
    parents, number, at = parents[order[np.flatnonzero(is_parent)]], number[at], order[at] - len(parents)
    children, lane, first, available = children[at], lane[at], before[starts[number]], born[number]
    rank, wanted, run = _counted(number, lane)
    position = first + np.minimum(rank, available - 1)
    likely = parents[position]
    fits = (wanted == available) & timing.after(likely, children, ties)
    sure = np.flatnonzero(fits)
    usual = timing.usual(likely[sure], children[sure])
    fits &= ~timing.doubtful(likely, children, usual)
    if fits.all():
        return Pairs(likely, children, NOTHING, NOTHING)
    broken = np.zeros(len(run) and int(run.max()) + 1, np.bool_)
    broken[run[~fits]] = True
    left, sure = np.flatnonzero(broken[run]), np.flatnonzero(~broken[run])
    late = _decide(parents, first[left], available[left], children[left], run[left], timing, ties)
    near = ~timing.doubtful(late.parent, late.child, usual)
    return Pairs(
        np.concatenate((likely[sure], late.parent[near])),
        np.concatenate((children[sure], late.child[near])),
        late.ambiguous,
        late.only,
    )


def _counted(number: Rows, lane: NDArray[np.generic]) -> tuple[Rows, Rows, Rows]:
    """`ranks` of number and lane together. Numbers ascend, so most rows are alone with theirs and need no sorting."""
    first = begins(number)
    alone = first & np.append(first[1:], True)
    rank, size, run = np.zeros(len(number), np.int64), np.ones(len(number), np.int64), np.arange(len(number))
    several = np.flatnonzero(~alone)
    if len(several):
        rank[several], size[several], group = ranks(mix(number[several], lane[several]))
        run[several] = len(number) + group
    return rank, size, run


def _decide(
    parents: Rows, first: Rows, available: Rows, children: Rows, run: Rows, timing: Timing, ties: bool
) -> Pairs:
    """Decides among identical packets with unequal counts: by pauses between them, or by their nearness in time."""
    time = timing.time
    _, leader = np.unique(run, return_index=True)
    total = available[leader]
    offset = np.arange(total.sum()) - np.repeat(np.cumsum(total) - total, total)
    row = np.concatenate((parents[np.repeat(first[leader], total) + offset], children))
    group = np.concatenate((np.repeat(run[leader], total), run))
    is_child = np.concatenate((np.zeros(int(total.sum()), np.bool_), np.ones(len(children), np.bool_)))
    order = np.lexsort((is_child if ties else row, time[row] if ties else row, group))
    row, group, is_child = row[order], group[order], is_child[order]
    when = time[row]
    quiet = np.concatenate(([True], (group[1:] != group[:-1]) | (when[1:] - when[:-1] > PAUSE_NS)))
    segment = np.cumsum(quiet) - 1
    born = np.bincount(segment, ~is_child).astype(np.int64)
    ended = np.bincount(segment, is_child).astype(np.int64)
    at_parent, at_child = np.flatnonzero(~is_child), np.flatnonzero(is_child)
    rank = np.arange(len(at_child)) - (np.cumsum(ended) - ended)[segment[at_child]]
    place = np.minimum((np.cumsum(born) - born)[segment[at_child]] + rank, len(at_parent) - 1)
    candidate = at_parent[place]
    even = (born == ended)[segment]
    early = even[at_child] & ~timing.after(row[candidate], row[at_child], ties)
    wrong = np.bincount(segment[at_child], early, len(born)) > 0
    even &= ~wrong[segment]
    sure = even[at_child]
    rest = at_child[~sure]
    rest = rest[rest > 0]
    close = rest[_certain(rest, group, when, is_child)]
    parent = np.concatenate((row[candidate[sure]], row[close - 1]))
    child = np.concatenate((row[at_child[sure]], row[close]))
    undecided, latest = _undecided(at_child, rest, close, row, group, when, is_child)
    alone = born[segment[undecided]] == 1
    return Pairs(parent, child, row[undecided], np.where(alone, row[latest], -1))


def _certain(at: Rows, group: Rows, when: NDArray[np.int64], is_child: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Children right after a parent, with no other parent shortly before and no other child shortly after.

    The next parent must not be nearer either: children between two parents could belong to both.
    """
    last = len(group) - 1
    follows = (group[at - 1] == group[at]) & ~is_child[at - 1]
    near = np.maximum(NEAR_NS, NEAR_FACTOR * (when[at] - when[at - 1]))
    earlier, later = np.maximum(at - 2, 0), np.minimum(at + 1, last)
    rival_parent = (at >= 2) & (group[earlier] == group[at]) & ~is_child[earlier]
    rival_parent &= when[at - 1] - when[earlier] <= near
    goes_on = (at < last) & (group[later] == group[at])
    rival_child = goes_on & is_child[later] & (when[later] - when[at] <= near)
    next_nearer = goes_on & ~is_child[later] & (when[later] - when[at] < when[at] - when[at - 1])
    certain: NDArray[np.bool_] = follows & ~rival_parent & ~rival_child & ~next_nearer
    return certain


def _undecided(
    at_child: Rows,
    rest: Rows,
    close: Rows,
    row: Rows,
    group: Rows,
    when: NDArray[np.int64],
    is_child: NDArray[np.bool_],
) -> tuple[Rows, Rows]:
    """Children without a parent that had one before them within a possible delay; and the latest such parent."""
    left = np.setdiff1d(rest, close)
    if not len(left):
        return NOTHING, NOTHING
    index = np.arange(len(row))
    latest = np.maximum.accumulate(np.where(~is_child, index, -1))[left]
    real = (latest >= 0) & (group[np.maximum(latest, 0)] == group[left])
    near = when[left] - when[np.maximum(latest, 0)] <= PAUSE_NS
    return left[real & near], latest[real & near]
