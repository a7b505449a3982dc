"""What a view asks of a trace: the part of cnetkit.trace that is drawn, as protocols. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cnetkit.model import Hop, Outcome, Unexplained
from cnetkit.recording.recording import Recording


class Journey(Protocol):
    """The hops of one packet, and how they ended."""

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
    def summary(self) -> str:
        """One line about the packet."""


class Flow(Protocol):
    """The journeys of one connection."""

    @property
    def id(self) -> int:
        """Counted from 0."""

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
    def journeys(self) -> Sequence[Journey]:
        """All of them."""

    @property
    def flows(self) -> Sequence[Flow]:
        """All of them."""

    @property
    def unexplained(self) -> Sequence[Unexplained]:
        """The frames in no journey."""
