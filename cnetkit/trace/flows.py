"""Puts journeys together into flows: one connection, both ways, across NAT.

Journeys belong together where one showed the same two ends as another, in either direction, at any hop: NAT's change
is in the journeys themselves. What has no ports is told apart by protocol and addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.complaint import Quoted, errors
from cnetkit.trace.engine import Joined
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.identity import U64, mix

if TYPE_CHECKING:
    from cnetkit.trace.journey import Journey


@dataclass(frozen=True, slots=True)
class Flow:
    """The journeys of one connection or exchange."""

    views: ClassVar[dict[str, Callable[[Flow], str]]] = {}
    """How a flow is shown, by MIME type; filled by the views."""

    id: int
    protocol: str
    title: str
    """`tcp 203.0.113.2:42876 → 203.0.113.1:8080`."""
    client: str
    """Who began, as its first packet says: address and port."""
    server: str
    """Whom the first packet was for."""
    journeys: tuple[Journey, ...]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401
        return {"text/plain": repr(self)} | {kind: view(self) for kind, view in self.views.items()}

    def __repr__(self) -> str:
        return f"<Flow {self.id}: {self.title}, {len(self.journeys)} journeys>"


def grouped(joined: Joined) -> NDArray[np.int64]:
    """For each journey the number of its flow, counted from 0 in the order of the flows' first journeys."""
    count = int(joined.journey.max(initial=-1)) + 1
    if not count:
        return np.zeros(0, np.int64)
    rows = np.flatnonzero((joined.journey >= 0) & (joined.columns.fragment == 0))  # the others have no ports
    told = np.flatnonzero((joined.journey >= 0) & errors(joined.columns))
    numbers = joined.journey[np.concatenate((rows, told))].astype(np.uint64)
    pairs = np.unique(np.stack((numbers, np.concatenate((_ends(joined)[rows], _complained(joined, told))))), axis=1)
    journey = pairs[0].astype(np.int64)
    _, ends = np.unique(pairs[1], return_inverse=True)
    label = np.arange(count)
    while True:
        least = np.full(int(ends.max()) + 1, count)
        np.minimum.at(least, ends, label[journey])
        lower = label.copy()
        np.minimum.at(lower, journey, least[ends])
        lower = lower[lower]
        if np.array_equal(lower, label):
            break
        label = lower
    _, number = np.unique(label, return_inverse=True)
    return number.astype(np.int64)


def _ends(joined: Joined) -> U64:
    """Digests of both ends that are the same in either direction."""
    c = joined.columns
    icmp = (c.protocol == 1) | (c.protocol == 58)
    sport, dport = (np.where(icmp, c.icmp_id, port) for port in (c.sport, c.dport))
    bare = (c.src_low | c.src_high | c.dst_low | c.dst_high) == 0
    one = mix(np.where(bare, c.eth_src, c.src_low), c.src_high, sport)
    other = mix(np.where(bare, c.eth_dst, c.dst_low), c.dst_high, dport)
    return mix(one + other, c.protocol, np.where(c.version > 0, np.uint16(0), c.ethertype))


def _complained(joined: Joined, rows: NDArray[np.int64]) -> U64:
    """What `_ends` gives for the packets that ICMP errors quote: they stand in the flow that they complain about."""
    return Quoted(joined, rows).either_way() if len(rows) else np.zeros(0, np.uint64)


def titled(case: Case, number: int, journeys: tuple[Journey, ...]) -> Flow:
    """The flow of these journeys, named after the first packet of the first one."""
    packet = case.packet(journeys[0].frames[0])
    title = f"{packet.protocol} {packet.source} → {packet.destination}"
    return Flow(number, packet.protocol, title, packet.source, packet.destination, journeys)
