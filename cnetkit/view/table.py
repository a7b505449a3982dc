"""One flow's hops as columns of text. In a narrow terminal the evidence is below its hop, not beside it.

Only lays out; journeys are grouped in grouping.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnetkit.model import Hop
from cnetkit.trace.journey import Journey
from cnetkit.view import wording
from cnetkit.view.lines import SPACE, Cell, Line, beside, cells, under
from cnetkit.view.reasons import reasons

WIDE = 116
"""The width from which on evidence fits beside its hop."""
NAME = 16
"""A longer node or interface name is folded."""
INDENT = 6
RIGHT = (0, 4)


class Table:
    """The columns for these journeys. With `whole`, every rule and MAC address is shown."""

    def __init__(self, journeys: Sequence[Journey], width: int, whole: bool) -> None:
        hops = [hop for journey in journeys for hop in journey.hops]
        self.width, self.whole, self.wide = width, whole, width >= WIDE
        number = max(3, len(str(max((len(journey.hops) for journey in journeys), default=0))))
        fixed = [number, _widest([hop.node for hop in hops], 4), _widest([hop.interface for hop in hops], 9), 7, 9]
        left = width - sum(fixed) - SPACE * 5
        self.widths = [*fixed, max(left, 8)]
        if self.wide:
            changed = min(46, left * 2 // 5)
            self.widths = [*fixed, changed, left - changed - SPACE]

    def head(self) -> Iterator[Line]:
        """The names of the columns, and a line under them."""
        names = [
            "hop",
            "node",
            "interface",
            "way",
            "µs",
            *(["what changed", "why"] if self.wide else ["what changed; below: why"]),
        ]
        yield from beside([[(name, "dim")] for name in names], self.widths, RIGHT)
        yield [("─" * self.width, "dim")]

    def rows(self, journey: Journey) -> Iterator[Line]:
        """The hops of one journey."""
        times = {hop.frame: hop.moment for hop in journey.hops}
        places = {hop.frame: number for number, hop in enumerate(journey.hops, 1)}
        for number, hop in enumerate(journey.hops, 1):
            changed = [(line, "cyan") for line in wording.changes(hop, self.whole)]
            if hop.parent is not None and places.get(hop.parent, 0) != number - 1:
                changed.insert(0, (f"from hop {places.get(hop.parent, '?')}", "dim"))
            why = self._why(hop)
            row: list[Cell] = [
                [(str(number), "")], [(wording.legible(hop.node), "")], [(wording.legible(hop.interface), "")],
                [(wording.ARROWS[hop.direction], "")], [(wording.elapsed(hop, times), "")], changed or [("", "")],
            ]  # fmt: skip
            if self.wide:
                yield from beside([*row, why], self.widths, RIGHT)
                continue
            yield from beside(row, self.widths, RIGHT)
            for line, style in why:
                yield from under(line, style, INDENT, self.width)

    def _why(self, hop: Hop) -> list[tuple[str, str]]:
        """The lines of evidence: decisive evidence, then the rules that let the packet pass, or their number."""
        why = reasons(hop.evidence)
        lines = [(wording.because(item), "") for item in why.decisive]
        if self.whole:
            lines += [(f"let it pass: {wording.because(item)}", "dim") for item in why.passed]
        elif why.passed:
            lines.append((wording.passing(why.passed), "dim"))
        if not lines and hop.parent is not None:
            lines = [("no evidence was recorded", "dim")]
        return lines


def _widest(names: Sequence[str], least: int) -> int:
    return min(NAME, max([least, *(cells(wording.legible(name)) for name in set(names))]))
