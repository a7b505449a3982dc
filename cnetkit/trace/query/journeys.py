"""The journeys and flows of one recording as columns: their frames, ends, outcomes and durations.

Objects for single ones are made in trace/journey.py and trace/flow.py.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Outcome
from cnetkit.trace.arrays.members import runs
from cnetkit.trace.arrays.trees import depths
from cnetkit.trace.conversations.flows import by_loopback, grouped, resolving
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.outcome import endings, outcome

I64 = NDArray[np.int64]


class JourneyColumns:
    """One element per journey, in the order of their first frames, unless stated otherwise."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.count = case.joined.journeys()
        """The number of journeys."""

    @cached_property
    def members(self) -> tuple[I64, I64]:
        """All frames by journey, parents first; and where each journey begins among them (plus one for the end)."""
        joined = self._case.joined
        steps = depths(joined.parent)
        rank = np.empty(len(steps), np.int64)
        rank[joined.order] = np.arange(len(steps))
        late = joined.parent[joined.parent >= 0]
        backwards = len(late) and bool((rank[late] > rank[joined.parent >= 0]).any())
        order = np.lexsort((rank, steps, joined.journey)) if backwards else np.lexsort((rank, joined.journey))
        begins = np.searchsorted(joined.journey[order], np.arange(self.count + 1))
        return order, begins

    def frames(self, journey: int) -> tuple[int, ...]:
        """The frames of one journey, parents before children."""
        order, begins = self.members
        return tuple(int(n) for n in order[begins[journey] : begins[journey + 1]])

    def frames_of_all(self, journeys: I64) -> I64:
        """The frames of these journeys, one journey after the other, parents before children."""
        order, begins = self.members
        return order[runs(begins, journeys)[0]]

    @cached_property
    def first(self) -> I64:
        """The first frame."""
        order, begins = self.members
        return order[begins[:-1]]

    @cached_property
    def ends(self) -> outcome.Ends:
        """Where it ended."""
        return outcome.ends(self._case)

    @cached_property
    def plain(self) -> NDArray[np.bool_]:
        """Whether it was delivered or lost from sight, and neither the kernel nor a reply says more about it."""
        return endings.plain(self._case, self.ends, self.first)

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """Its outcome, as an index into endings.OUTCOMES."""
        kinds = endings.kinds(self.ends)
        for journey in np.flatnonzero(~self.plain).tolist():
            kinds[journey] = endings.OUTCOMES.index(self.outcome(journey).kind)
        return kinds

    def outcome(self, journey: int) -> Outcome:
        """The outcome of one journey, with its reason and evidence."""
        return outcome.outcome(self._case, self.ends, journey, int(self.first[journey]))

    @cached_property
    def latency(self) -> I64:
        """Nanoseconds from its first hop to its last."""
        order, begins = self.members
        if not self.count:
            return np.zeros(0, np.int64)
        time = self._case.joined.clocks.time[order[begins[0] :]]
        at = begins[:-1] - begins[0]
        return np.maximum.reduceat(time, at) - np.minimum.reduceat(time, at)

    @cached_property
    def flow(self) -> I64:
        """The number of its flow."""
        return grouped(self._case.joined, by_loopback(self._case))

    @cached_property
    def resolving(self) -> NDArray[np.bool_]:
        """Whether it belongs to a flow of a name server."""
        return resolving(self._case.joined, self.flow, by_loopback(self._case))

    @cached_property
    def flow_begins(self) -> I64:
        """The first journey of each flow: one element per flow."""
        latest = np.maximum.accumulate(self.flow)  # flows are numbered in this order
        return np.flatnonzero(np.diff(latest, prepend=-1))
