"""The conversations of a trace as a sequence, worst first, and as a pandas DataFrame.

What a conversation is, and how it is judged: trace/conversations. Put into words in view/conversations.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.distinct import Distinct
from cnetkit.trace.conversations.conversation import Conversation, ConversationColumns
from cnetkit.trace.conversations.payloads import Topic, topics
from cnetkit.trace.conversations.states import STATES
from cnetkit.trace.query.analysis import Analysis
from cnetkit.trace.report.tables import packet_columns, text_column

if TYPE_CHECKING:
    import pandas as pd


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
        if not -len(self) <= at < len(self):
            count = f"only {len(self)}, numbered from 0, the worst first" if len(self) else "none"
            raise IndexError(f"there is no conversation {at}: this trace has {count}")
        return self.of_flow(int(self._flows[at]))

    def __iter__(self) -> Iterator[Conversation]:
        return map(self.of_flow, self._flows.tolist())

    def of_flow(self, flow: int) -> Conversation:
        """The conversation of the flow with this number."""
        return self.columns.conversation(flow)

    def topics(self, flow: int) -> list[Topic]:
        """What the first payloads of a flow are about: requested names, requests, addresses."""
        return topics(self._analysis.joined, self.columns.packets, self.columns.questions, flow)

    @property
    def troubled(self) -> NDArray[np.int64]:
        """The flows in which something is wrong, worst first."""
        return self._flows[self.columns.troubled[self._flows]]

    @cached_property
    def values(self) -> dict[str, NDArray[np.generic] | Distinct[str]]:
        """One row per conversation, in this order, as columns of numbers and texts. Times in nanoseconds."""
        analysis, c, n = self._analysis, self.columns, self._flows
        packets = packet_columns(analysis, analysis.journeys.first[analysis.journeys.flow_begins[n]])
        (begin, duration), states = c.times, c.states
        how, who = (Distinct(texts.code[n], texts.words) for texts in (c.ended_how, c.ended_from))
        return {
            "flow": n, "protocol": packets["protocol"], "client": packets["source"], "server": packets["destination"],
            "state": Distinct(c.state[n].astype(np.int64), list(STATES)), "tries": states.tries[n],
            "packets_sent": c.sent[0][n], "packets_received": c.received[0][n], "octets_sent": c.sent[1][n],
            "octets_received": c.received[1][n], "begin": begin[n], "duration": duration[n], "round_trip": states.round_trip[n],
            "ended_how": how, "ended_from": who, "first_frame": c.first[n],
        }  # fmt: skip

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per conversation, in this order, with a column for each of FINDINGS. Times in seconds, `begin` since the
        first frame."""
        import pandas as pd

        time, columns = self._analysis.joined.clocks.time, dict[str, Any]()
        for name, value in self.values.items():
            columns[name] = text_column(value) if isinstance(value, Distinct) else value
        columns["begin"] = columns["begin"] - time.min(initial=np.iinfo(np.int64).max)
        columns |= {name: columns[name] / 1e9 for name in ("begin", "duration", "round_trip")}
        first = columns.pop("first_frame")
        for kind, count in self.columns.findings.items():
            columns[kind.replace(" ", "_").replace("-", "_").lower()] = count[self._flows]
        return pd.DataFrame(columns | {"first_frame": first})

    def __repr__(self) -> str:
        return f"<{len(self)} conversations: {', '.join(f'{count} {state}' for state, count in self.states.items())}>"
