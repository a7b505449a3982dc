"""A journey and its hops, as objects made on access from the engine's columns. Searches and draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from cnetkit.displays import JOURNEY_VIEWS, Displays, mime_bundle
from cnetkit.model import CnetkitError, Evidence, Hop, Outcome
from cnetkit.trace.conversations.message import is_housekeeping, message
from cnetkit.trace.evidence.icmp_error import about
from cnetkit.trace.packets.packet import Packet
from cnetkit.trace.report import wording

if TYPE_CHECKING:
    from cnetkit.trace.flow import Flow
    from cnetkit.trace.trace import Trace


@dataclass(frozen=True, eq=False)
class Journey:
    """One packet: a tree of hops, and its outcome. Lives as long as its Trace."""

    views: ClassVar[Displays] = JOURNEY_VIEWS
    """How a journey is shown, by MIME type."""

    trace: Trace
    id: int
    """Counted from 0 in the order of the first frames."""

    @cached_property
    def frames(self) -> tuple[int, ...]:
        """The numbers of its frames, parents before children."""
        return self.trace.analysis.journeys.frames(self.id)

    @cached_property
    def hops(self) -> tuple[Hop, ...]:
        """Its hops, parents before children, each with changes and evidence."""
        return tuple(self.trace.analysis.hop(frame) for frame in self.frames)

    @cached_property
    def outcome(self) -> Outcome:
        """How it ended, and where."""
        return self.trace.analysis.journeys.outcome(self.id)

    @property
    def flow(self) -> Flow:
        """The connection or exchange it belongs to."""
        return self.trace.flows[int(self.trace.analysis.journeys.flow[self.id])]

    @cached_property
    def about(self) -> Journey | None:
        """For an ICMP error, the journey of the packet that it quotes, if that was captured."""
        analysis = self.trace.analysis
        frame = about(analysis.case, self.frames[0])
        return None if frame is None else self.trace.journey(int(analysis.joined.journey[frame]))

    @cached_property
    def packet(self) -> Packet:
        """The innermost packet, as first captured."""
        return self.trace.analysis.case.packet(self.frames[0])

    @cached_property
    def says(self) -> str:
        """The packet in a few words: `SYN-ACK`, `GET /`, `DNS A shop.example`, `ARP who has 10.0.0.2?`."""
        case = self.trace.analysis.case
        units = case.joined.units
        resolving = bool(self.trace.analysis.journeys.resolving[self.id])
        return message(self.packet, units.columns, int(case.whole[self.frames[0]]), units.data, resolving=resolving)

    @property
    def housekeeping(self) -> bool:
        """Whether it only serves the network: ARP, neighbour discovery, IGMP and the like."""
        return is_housekeeping(self.packet, self.trace.analysis.joined.columns, self.frames[0])

    @cached_property
    def summary(self) -> str:
        """One line: the packet, its source and destination, and its outcome."""
        return wording.summary(self.trace.analysis.case, self.frames[0], self.outcome)

    def explain(self) -> str:
        """For learners: what happened at each hop, and why, in numbered steps."""
        return wording.steps(self.trace.analysis.case, self.hops, self.outcome)

    def why(self, hop: Hop | int) -> tuple[Evidence, ...]:
        """The evidence for one hop, given as a Hop or as its index in `hops`. CnetkitError if there is no such hop."""
        if isinstance(hop, Hop):
            return hop.evidence
        if not isinstance(hop, int) or not -len(self.hops) <= hop < len(self.hops):
            raise CnetkitError(
                f"there is no hop {hop!r} in journey {self.id}: hops are numbered from 0 to {len(self.hops) - 1}"
            )
        return self.hops[hop].evidence

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401
        return mime_bundle(self, self.views)

    def __repr__(self) -> str:
        return f"<Journey {self.id}: {self.summary}>"


class Journeys(Sequence[Journey]):
    """The journeys of `trace`, which is not a selection, with these numbers in ascending order. Objects are made on
    access."""

    def __init__(self, trace: Trace, numbers: NDArray[np.int64]) -> None:
        self._trace, self._numbers = trace, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Journey: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Journey, ...]: ...
    def __getitem__(self, at: int | slice) -> Journey | tuple[Journey, ...]:
        if isinstance(at, slice):
            return tuple(self._trace.journey(number) for number in self._numbers[at].tolist())
        return self._trace.journey(int(self._numbers[at]))

    def __iter__(self) -> Iterator[Journey]:
        return (self._trace.journey(number) for number in self._numbers.tolist())

    def __repr__(self) -> str:
        shown = "\n".join(f"  {journey!r}" for journey in self[:10])
        return f"{len(self)} journeys:\n{shown}" + ("\n  ..." if len(self) > 10 else "")
