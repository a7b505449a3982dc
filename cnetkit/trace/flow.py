"""A flow: the journeys of one connection or exchange, as an object made on access. Grouping: conversations/flows.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from cnetkit.displays import FLOW_VIEWS, Displays, mime_bundle
from cnetkit.trace.arrays.members import members
from cnetkit.trace.journey import Journey, Journeys

if TYPE_CHECKING:
    from cnetkit.trace.trace import Trace


@dataclass(frozen=True, eq=False)
class Flow:
    """The journeys of one connection or exchange. Lives as long as its Trace."""

    views: ClassVar[Displays] = FLOW_VIEWS
    """How a flow is shown, by MIME type."""

    trace: Trace
    id: int
    """Counted from 0 in the order of the flows' first journeys."""
    journeys: Sequence[Journey]

    @property
    def begin(self) -> Journey:
        """The first journey, which names the flow, even if it is not selected."""
        return self.trace.journey(int(self.trace.analysis.journeys.flow_begins[self.id]))

    @property
    def protocol(self) -> str:
        """tcp, udp, icmp, arp, ..."""
        return self.trace.analysis.flow_protocol(self.id)

    @property
    def title(self) -> str:
        """`tcp 203.0.113.2:42876 → 203.0.113.1:8080`."""
        return f"{self.protocol} {self.client} → {self.server}"

    @property
    def client(self) -> str:
        """Source address and port of the first packet."""
        return self.begin.packet.source

    @property
    def server(self) -> str:
        """Destination address and port of the first packet."""
        return self.begin.packet.destination

    @property
    def housekeeping(self) -> bool:
        """Whether it only serves the network: ARP, neighbour discovery, IGMP and the like."""
        return self.begin.housekeeping

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401
        return mime_bundle(self, self.views)

    def __repr__(self) -> str:
        return f"<Flow {self.id}: {self.title}, {len(self.journeys)} journeys>"


class Flows(Sequence[Flow]):
    """The flows of `trace` that have journeys among `numbers`, with these journeys. Objects are made on access."""

    def __init__(self, trace: Trace, numbers: NDArray[np.int64]) -> None:
        self._trace = trace
        flow = trace.analysis.journeys.flow[numbers]
        self._ids = np.unique(flow)
        order, begins = members(np.searchsorted(self._ids, flow), len(self._ids))
        self._begins = begins.tolist()
        self._members = numbers[order]

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, at: int) -> Flow: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Flow, ...]: ...
    def __getitem__(self, at: int | slice) -> Flow | tuple[Flow, ...]:
        places = range(len(self))[at]
        return self._flow(places) if isinstance(places, int) else tuple(map(self._flow, places))

    def __iter__(self) -> Iterator[Flow]:
        return map(self._flow, range(len(self)))

    @property
    def protocols(self) -> list[str]:
        """The protocol of each flow, without making flow objects."""
        return [self._trace.analysis.flow_protocol(flow) for flow in self._ids.tolist()]

    def _flow(self, at: int) -> Flow:
        journeys = Journeys(self._trace, self._members[self._begins[at] : self._begins[at + 1]])
        return Flow(self._trace, int(self._ids[at]), journeys)

    def __repr__(self) -> str:
        shown = "\n".join(f"  {flow!r}" for flow in self[:10])
        return f"{len(self)} flows:\n{shown}" + ("\n  ..." if len(self) > 10 else "")
