"""Journeys: the hops that a packet made, what each changed, the evidence for it, and how the journey ended.

Frozen dataclasses without behaviour; `cnetkit.trace` fills them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["in", "out", "unknown"]
OutcomeKind = Literal["delivered", "arrived", "consumed", "dropped", "left", "lost-from-sight", "ambiguous"]
Strength = Literal["kernel", "table", "inferred"]
Effect = Literal["", "translates", "stops", "accepts"]


@dataclass(frozen=True, slots=True)
class Change:
    """`field` is named as Wireshark names it: eth.src, eth.dst, ip.src, ip.dst, ip.ttl, tcp.dstport, ..."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The kernel's own words for why a hop happened.

    `kind`: nft-rule, conntrack, route, neighbour, forwarding-entry, link, order, ...
    `source`: where it was read: `ip nat DOCKER handle 5`, `dock table main`, `docker0`.
    `strength`: `kernel`, the kernel reported it for this packet; `table`, a table valid at that time has it; `inferred`,
    from frames alone.
    """

    kind: str
    quote: str
    source: str
    strength: Strength
    effect: Effect = field(default="", compare=False)
    """Of a rule: whether it translated the packet's addresses, stopped it, or let it out of its chain; else empty."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A frame's place in a journey. `parent` is the number of the frame it came from, None for the first."""

    frame: int
    parent: int | None
    node: str
    interface: str
    direction: Direction
    time_ns: int
    changes: tuple[Change, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    clock_ns: int = 0
    """Where clocks differ, what brings `time_ns` to the clock of the recording's first file."""

    @property
    def moment(self) -> int:
        """`time_ns` by the clock that all hops of a trace share. Differences between hops are computed from it."""
        return self.time_ns + self.clock_ns


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a journey ended, claiming no more than is known.

    delivered: the receiving stack handed it on, or answered it. arrived: it reached the node that it was for; what the
    stack did with it is not known. dropped: by a named cause. left: it went out of what was captured, on its way.
    lost-from-sight: it should have been seen further on. consumed: a bridge, or a program behind a device, took it.
    ambiguous: several packets could be this one.
    """

    kind: OutcomeKind
    where: str
    """node/interface."""
    reason: str = ""
    """Only with evidence: by what it was dropped, what consumed it, what may have taken it, why it is ambiguous."""
    evidence: tuple[Evidence, ...] = ()
    """Of a cause; and of a delivery, how it is known."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A frame that stands in no journey, and why."""

    frame: int
    reason: str
