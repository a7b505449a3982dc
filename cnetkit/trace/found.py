"""What the engine found in one recording, with the lookups that journeys, flows and documents are made from."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Hop, Outcome
from cnetkit.recording.frames import LINKTYPE_ETHERNET
from cnetkit.trace import outcome
from cnetkit.trace.changes import changed, changes_of
from cnetkit.trace.engine import Source, join
from cnetkit.trace.evidence import Case, gather
from cnetkit.trace.flows import grouped


class Found:
    """The journeys of a recording as columns; lives as long as its Trace."""

    def __init__(self, recording: Source) -> None:
        self.case = Case(recording, join(recording))
        self.joined = self.case.joined
        self.count = int(self.joined.journey.max(initial=-1)) + 1

    @cached_property
    def members(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All frames by journey, parents first; and where each journey begins among them (one more for the end)."""
        joined = self.joined
        steps = depths(joined.parent)
        rank = np.empty(len(steps), np.int64)
        rank[joined.order] = np.arange(len(steps))
        late = joined.parent[joined.parent >= 0]
        backwards = len(late) and bool((rank[late] > rank[joined.parent >= 0]).any())
        order = np.lexsort((rank, steps, joined.journey)) if backwards else np.lexsort((rank, joined.journey))
        begins = np.searchsorted(joined.journey[order], np.arange(self.count + 1))
        return order, begins

    def frames_of(self, journey: int) -> tuple[int, ...]:
        """The frames of one journey, parents before children."""
        order, begins = self.members
        return tuple(int(n) for n in order[begins[journey] : begins[journey + 1]])

    @cached_property
    def bits(self) -> NDArray[np.uint32]:
        """Which fields each frame changed; see changes.COMPARED."""
        addressed = np.array([tap.linktype == LINKTYPE_ETHERNET for tap in self.case.recording.frames.taps], np.bool_)
        return changed(self.joined.columns, self.joined.parent, addressed[self.case.recording.frames.tap])

    @cached_property
    def ends(self) -> outcome.Ends:
        """Where each journey ended."""
        return outcome.ends(self.case)

    @cached_property
    def flow(self) -> NDArray[np.int64]:
        """For each journey the number of its flow."""
        return grouped(self.joined)

    def flow_of(self, journey: int) -> int:
        """The number of a journey's flow."""
        return int(self.flow[journey])

    def hop(self, frame: int) -> Hop:
        """One frame's place, with changes and evidence."""
        at = int(self.joined.parent[frame])
        parent = at if at >= 0 else None
        changes = () if parent is None else changes_of(self.joined.columns, frame, parent, int(self.bits[frame]))
        return Hop(
            frame, parent, *self.case.place(frame), self.case.direction(frame), self.case.time(frame),  # type: ignore[arg-type]
            changes, gather(self.case, frame, parent),
        )  # fmt: skip

    def outcome(self, journey: int) -> Outcome:
        """How a journey ended."""
        return outcome.outcome(self.case, self.ends, journey, self.frames_of(journey)[0])


def depths(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """How many steps each frame is from the first of its journey."""
    steps = (parent >= 0).astype(np.int32)
    up = parent.copy()
    while True:
        live = np.flatnonzero(up >= 0)
        if not len(live):
            return steps
        above = up[live]
        steps_above, up_above = steps[above].copy(), up[above].copy()
        steps[live] += steps_above
        up[live] = up_above
