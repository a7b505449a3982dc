"""What a view asks of a trace: the part of cnetkit.trace that is drawn, as protocols. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from cnetkit.model import Hop, Outcome, Unexplained
from cnetkit.recording.recording import Recording


class Packet(Protocol):
    """What a packet's headers say."""

    @property
    def protocol(self) -> str:
        """tcp, udp, icmp, arp, ..."""

    @property
    def kind(self) -> str:
        """`SYN, ACK`, `echo request`, or empty."""

    @property
    def source(self) -> str:
        """Address and port, or the MAC address."""

    @property
    def destination(self) -> str:
        """As `source`."""


class Journey(Protocol):
    """The hops of one packet, and how they ended."""

    @property
    def trace(self) -> Trace:
        """What it stands in."""

    @property
    def id(self) -> int:
        """Counted from 0."""

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Parents before children."""

    @property
    def outcome(self) -> Outcome:
        """How it ended."""

    @property
    def packet(self) -> Packet:
        """As it was when it was first seen."""


class Flow(Protocol):
    """The journeys of one connection."""

    @property
    def id(self) -> int:
        """Counted from 0."""

    @property
    def protocol(self) -> str:
        """tcp, udp, icmp, arp, ..."""

    @property
    def title(self) -> str:
        """One line about the connection."""

    @property
    def journeys(self) -> Sequence[Journey]:
        """In the order of their first frames."""


class Trace(Protocol):
    """All journeys, all flows, and what was left."""

    @property
    def recording(self) -> Recording:
        """What it was made from."""

    @property
    def selection(self) -> str:
        """What was selected, in words; empty for a whole trace."""

    @property
    def journeys(self) -> Sequence[Journey]:
        """All of them."""

    @property
    def flows(self) -> Sequence[Flow]:
        """All of them."""

    @property
    def protocols(self) -> Sequence[str]:
        """Of each flow."""

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many journeys ended how."""

    @property
    def clocks(self) -> Sequence[str]:
        """How its files' clocks differ, a sentence each."""

    @property
    def undirected(self) -> int:
        """How many of its frames are of no known direction."""

    @property
    def unexplained(self) -> Sequence[Unexplained]:
        """The frames in no journey."""
