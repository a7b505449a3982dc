"""The conversations of a trace as a sequence, worst first, and as a pandas DataFrame.

What a conversation is, and how it is judged: trace/conversations. Put into words in view/conversations.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.conversations.conversation import FINDINGS, STATES, Conversation, ConversationColumns
from cnetkit.trace.conversations.payloads import Topic, topics
from cnetkit.trace.packets.packet import packet_of
from cnetkit.trace.query.analysis import Analysis

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "flow", "protocol", "client", "server", "state", "tries", "packets_sent", "packets_received", "octets_sent",
    "octets_received", "begin", "duration", "round_trip", "ended_how", "ended_from",
    *(kind.replace(" ", "_") for kind in FINDINGS), "first_frame",
)  # fmt: skip


class Conversations(Sequence[Conversation]):
    """One per flow: failed ones first, then those with most findings, then the largest. `flows`: those of a selection."""

    def __init__(self, analysis: Analysis, flows: NDArray[np.int64]) -> None:
        self._analysis = analysis
        order = self.columns.worst_first()
        self._flows = order[np.isin(order, flows)]

    @cached_property
    def columns(self) -> ConversationColumns:
        """All conversations as columns, one element per flow."""
        analysis = self._analysis
        count = len(analysis.journeys.flow_begins)
        return ConversationColumns(analysis.joined, analysis.recording.frames.tap, analysis.frames.flow, count)

    @property
    def states(self) -> dict[str, int]:
        """The number of conversations per state, the worst first."""
        counts = np.bincount(self.columns.state[self._flows], minlength=len(STATES)).tolist()
        return {state: count for state, count in zip(STATES, counts, strict=True) if count}

    @property
    def findings(self) -> dict[str, int]:
        """The number of packets per kind of finding."""
        counts = {kind: int(count[self._flows].sum()) for kind, count in self.columns.findings.items()}
        return {kind: count for kind, count in counts.items() if count}

    def __len__(self) -> int:
        return len(self._flows)

    @overload
    def __getitem__(self, at: int) -> Conversation: ...
    @overload
    def __getitem__(self, at: slice) -> list[Conversation]: ...
    def __getitem__(self, at: int | slice) -> Conversation | list[Conversation]:
        if isinstance(at, slice):
            return [self.of_flow(flow) for flow in self._flows[at].tolist()]
        return self.of_flow(int(self._flows[at]))

    def __iter__(self) -> Iterator[Conversation]:
        return map(self.of_flow, self._flows.tolist())

    def of_flow(self, flow: int) -> Conversation:
        """The conversation of the flow with this number."""
        return self.columns.conversation(flow)

    def topics(self, flow: int) -> list[Topic]:
        """What the first payloads of a flow are about: requested names, requests, addresses."""
        return topics(self._analysis.joined, self.columns.packets, self._analysis.recording.frames.data, flow)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per conversation, in this order. Times in seconds, `begin` since the first frame; see COLUMNS."""
        import pandas as pd

        analysis, every = self._analysis, list(self)
        start = int(analysis.joined.clocks.time.min(initial=0))
        begins = [packet_of(analysis.joined.columns, int(analysis.journeys.first[at]))
                  for at in analysis.journeys.flow_begins[[c.flow for c in every]].tolist()] if every else []  # fmt: skip
        rows = [
            (
                c.flow, analysis.flow_protocol(c.flow), packet.source, packet.destination, c.state, c.tries,
                c.sent[0], c.received[0], c.sent[1], c.received[1], (c.begin_ns - start) / 1e9,
                c.duration_ns / 1e9, c.round_trip_ns / 1e9, c.ended_how, c.ended_from,
                *(int(self.columns.findings[kind][c.flow]) for kind in FINDINGS), c.first,
            )
            for c, packet in zip(every, begins, strict=True)
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def __repr__(self) -> str:
        return f"<{len(self)} conversations: {', '.join(f'{count} {state}' for state, count in self.states.items())}>"
