"""Everything computed about one recording: the only door to its frames, journeys and hops.

Columns for all frames (`frames`) and all journeys (`journeys`), and single hops with changes and evidence. Selections
and texts are made elsewhere.
"""

from __future__ import annotations

from cnetkit.model import Change, Evidence, Hop
from cnetkit.trace.evidence import gather
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.changes import changes_of
from cnetkit.trace.query.frames import FrameColumns
from cnetkit.trace.query.journeys import JourneyColumns
from cnetkit.trace.steps.joined import Joined, Source


class Analysis:
    """A recording with joined frames. Lives as long as its Trace; everything is computed at first access."""

    def __init__(self, recording: Source, joined: Joined) -> None:
        self.recording, self.joined = recording, joined
        self.case = Case(recording, joined)
        """Single frames, and the kernel's tables."""
        self.journeys = JourneyColumns(self.case)
        self.frames = FrameColumns(self.case, self.journeys)

    def changes(self, frame: int) -> tuple[Change, ...]:
        """What one hop changed."""
        parent = self.case.parent(frame)
        return () if parent is None else changes_of(self.joined.columns, frame, parent, int(self.frames.bits[frame]))

    def evidence(self, frame: int) -> tuple[Evidence, ...]:
        """Why one hop happened."""
        return gather(self.case, frame)

    def hop(self, frame: int) -> Hop:
        """One frame's place in its journey, with changes and evidence."""
        case = self.case
        return Hop(
            frame, case.parent(frame), *case.place(frame), case.direction(frame),  # type: ignore[arg-type]
            case.time(frame), self.changes(frame), self.evidence(frame),
            int(self.joined.clocks.time[frame]) - case.time(frame),
        )  # fmt: skip

    def flow_protocol(self, flow: int) -> str:
        """The innermost protocol of a flow: tcp, udp, icmp, arp, ..."""
        protocols, first = self.frames.protocols, self.journeys.first[self.journeys.flow_begins[flow]]
        return protocols.words[int(protocols.code[first])]
