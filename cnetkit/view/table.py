"""One flow's hops as columns of text. Where the terminal is narrow, the evidence stands under its hop, not beside it.

It lays out what the journeys say; how packets are put together is said in alike.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnetkit.model import Hop
from cnetkit.trace.journey import Journey
from cnetkit.view import wording
from cnetkit.view.lines import SPACE, Cell, Line, beside, cells, under
from cnetkit.view.reasons import reasons

WIDE = 116
"""Columns from which on the evidence has room beside its hop."""
NAME = 16
"""A longer node or interface name is folded."""
INDENT = 6
RIGHT = (0, 4)


class Table:
    """The columns for these journeys. `whole`: each rule and each MAC address is shown."""

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
        """The lines of evidence: what decided, then what let it pass, or how much did."""
        found = reasons(hop.evidence)
        said = [(wording.because(one), "") for one in found.decisive]
        if self.whole:
            said += [(f"let it pass: {wording.because(one)}", "dim") for one in found.passed]
        elif found.passed:
            said.append((wording.passing(found.passed), "dim"))
        if not said and hop.parent is not None:
            said = [("no evidence was recorded", "dim")]
        return said


def _widest(names: Sequence[str], least: int) -> int:
    return min(NAME, max([least, *(cells(wording.legible(name)) for name in set(names))]))
