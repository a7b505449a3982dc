"""The result of a check: its outcome, the feedback, and for a wrong answer the hop that contradicts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cnetkit.view import display
from cnetkit.view.prose import prose
from cnetkit.view.reasons import reasons

if TYPE_CHECKING:
    from cnetkit.model import Hop
    from cnetkit.trace.journey import Journey

Outcome = Literal["correct", "compare", "incorrect", "not attempted"]
"""`compare`: free text that may be right or wrong, which a rule about words cannot tell: the learner compares it."""
MARKS: dict[str, str] = {"correct": "✓", "compare": "≈", "incorrect": "✗", "not attempted": "·"}


@dataclass(frozen=True, slots=True)
class Observation:
    """The answer that a capture gives to a question, and the hop of a journey that shows it.

    `answer` is an option's text, an address, the names in their order, or whatever the question's kind compares with.
    """

    answer: object
    journey: Journey | None = None
    hop: Hop | None = None

    @property
    def words(self) -> str:
        """One line about the hop, with the kernel's reason if there is one; empty without a hop."""
        if self.hop is None:
            return ""
        changes = [f"{change.field} {change.before} → {change.after}" for change in self.hop.changes[:3]]
        decisive = [f"“{evidence.quote}” ({evidence.source})" for evidence in reasons(self.hop.evidence).decisive[:1]]
        details = "; ".join(part for part in (", ".join(changes), *decisive) if part)
        place = f"Look at {self.hop.node}/{self.hop.interface} ({self.hop.direction})"
        return f"{place}: {details}" if details else f"{place}."


Seen = Observation
"""Its name in the tasks of older labs."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one question or exercise. A notebook displays it; elsewhere it prints as text."""

    name: str
    outcome: Outcome
    words: str
    """The feedback."""
    contradiction: Observation | None = field(default=None, compare=False, repr=False)
    """For a wrong answer the hop that contradicts it, if there is one: a notebook plays it."""

    @property
    def correct(self) -> bool:
        """Whether the outcome is `correct`."""
        return self.outcome == "correct"

    def __str__(self) -> str:
        return f"{MARKS[self.outcome]} {self.outcome}. {self.words}".strip()

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        display.publish({"text/plain": str(self), "text/html": self._repr_html_()})
        if self.contradiction and self.contradiction.journey and self.contradiction.hop:
            display.show_hop(self.contradiction.journey, self.contradiction.hop)

    def _repr_html_(self) -> str:
        return f"<p role='status'><b>{MARKS[self.outcome]} {self.outcome}.</b> {prose(self.words)}</p>"
