"""What a check says: an outcome, in one of three words, what was seen, and for a wrong answer the hop that shows it."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cnetkit.view import display
from cnetkit.view.reasons import reasons

if TYPE_CHECKING:
    from cnetkit.model import Hop
    from cnetkit.trace.journey import Journey

Outcome = Literal["correct", "incorrect", "not attempted"]
MARKS: dict[Outcome, str] = {"correct": "✓", "incorrect": "✗", "not attempted": "·"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a capture shows about a question: `answer`, and the hop of a journey at which it shows.

    `answer` is an option's text, an address, the names in their order, or whatever the question's kind compares with.
    """

    answer: object
    journey: Journey | None = None
    hop: Hop | None = None

    @property
    def words(self) -> str:
        """The hop in a line, with the kernel's reason, where there is one; or empty."""
        if self.hop is None:
            return ""
        changes = ", ".join(f"{one.field} {one.before} → {one.after}" for one in self.hop.changes[:3])
        why = next((f"“{one.quote}” ({one.source})" for one in reasons(self.hop.evidence).decisive), "")
        where = f"{self.hop.node}/{self.hop.interface} ({self.hop.direction})"
        return "; ".join(part for part in (f"look at {where}", changes, why) if part)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one question or exercise. A notebook shows it; elsewhere it prints as text."""

    name: str
    outcome: Outcome
    words: str
    """What was seen, and for a wrong answer where it parts from that."""
    parts: Seen | None = field(default=None, compare=False, repr=False)
    """For a wrong answer the hop at which belief and packet part, where there is one: a notebook plays it."""

    @property
    def correct(self) -> bool:
        """Whether the outcome is `correct`."""
        return self.outcome == "correct"

    def __str__(self) -> str:
        return f"{MARKS[self.outcome]} {self.outcome}. {self.words}".strip()

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        display.publish({"text/plain": str(self), "text/html": self._repr_html_()})
        if self.parts and self.parts.journey and self.parts.hop:
            display.show_hop(self.parts.journey, self.parts.hop)

    def _repr_html_(self) -> str:
        return f"<p role='status'><b>{MARKS[self.outcome]} {self.outcome}.</b> {html.escape(self.words)}</p>"
