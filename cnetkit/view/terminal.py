"""A trace as text in a terminal: the summary, then each flow as a table.

Packets of a flow that took the same path are shown once and the others named; `all` shows each, with every rule.
Colour only repeats the words. Nothing is cut off: long text continues on the next line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO
from typing import TYPE_CHECKING

from cnetkit.trace.flow import Flow
from cnetkit.trace.journey import Journey
from cnetkit.trace.trace import Trace
from cnetkit.view import conversations, wording
from cnetkit.view.grouping import grouped, in_order, path
from cnetkit.view.lines import Line, cells, under
from cnetkit.view.table import Table

if TYPE_CHECKING:
    from rich.console import Console

LARGE, LISTED = 300, 50
"""A trace of more journeys than LARGE is summarised unless all are requested; then LISTED of its flows are listed."""
COLOURS = {
    "delivered": "green",
    "arrived": "green",
    "left": "",
    "consumed": "green",
    "dropped": "red",
    "lost-from-sight": "yellow",
    "ambiguous": "yellow",
}


def print_trace(trace: Trace, console: Console | None = None, all: bool = False) -> None:
    """Prints `trace`: its summary, and each flow's hops unless it is large and `all` is false."""
    from rich.console import Console

    console = console or Console(highlight=False)
    width = console.width
    counts, *others = wording.summary(trace)
    put(console, under(counts, "", 0, width))
    for line in conversations.troubles(trace):
        put(console, under(line, "bold", 0, width))
    for line in others:
        put(console, under(line, "", 0, width))
    large = len(trace.journeys) > LARGE and not all
    if large:
        put(console, _listed(trace, width))
        return
    for flow in in_order(trace):
        put(console, flow_lines(flow, width, all))
    if trace.journeys:
        put(console, _legend(width, all))


def text(trace: Trace) -> str:
    """The output of print_trace, as plain text of 100 columns."""
    from rich.console import Console

    out = StringIO()
    print_trace(trace, Console(file=out, width=100, color_system=None, highlight=False, force_jupyter=False))
    return out.getvalue().rstrip("\n")


def journey_text(journey: Journey) -> str:
    """One journey as plain text of 100 columns."""
    table = Table([journey], 100, whole=False)
    return plain([*_head(journey, 100), *table.head(), *table.rows(journey)])


def flow_text(flow: Flow) -> str:
    """One flow as plain text of 100 columns."""
    return plain(flow_lines(flow, 100, all=False)).lstrip("\n")


def plain(lines: Iterable[Line]) -> str:
    """Lines without their styles."""
    return "\n".join("".join(text for text, _ in line) for line in lines)


def flow_lines(flow: Flow, width: int, all: bool) -> Iterator[Line]:
    """A blank line, the flow's title, and its packets."""
    yield []
    title = f"{wording.legible(flow.title)}: {wording.counted(len(flow.journeys), 'packet')}"
    yield from under(title, "bold", 0, width)
    went = conversations.sentences(flow.trace, flow.trace.conversations.of_flow(flow.id))
    yield from under("; ".join(went), "", 0, width)
    if flow.housekeeping and not all:
        yield from _short(flow, width)
        return
    table = Table(flow.journeys, width, whole=all)
    yield from table.head()
    for number, group in enumerate([[journey] for journey in flow.journeys] if all else grouped(flow.journeys)):
        if number:
            yield []
        yield from _head(group[0], width)
        yield from table.rows(group[0])
        if len(group) > 1:
            yield from under(wording.same_way(group[1:]), "italic", 2, width)


def _short(flow: Flow, width: int) -> Iterator[Line]:
    for group in grouped(flow.journeys):
        first = group[0]
        more = f"  ({wording.same_way(group[1:])})" if len(group) > 1 else ""
        text = f"#{first.id} {wording.packet(first)}, by {wording.legible(path(first.hops))}"
        yield from _ended(text, "", f"{wording.ending(first.outcome)}{more}", first, width, indent=2)


def _head(journey: Journey, width: int) -> Iterator[Line]:
    text = f"#{journey.id} {wording.packet(journey)}"
    yield from _ended(text, "bold", wording.ending(journey.outcome), journey, width)
    for item in wording.evidence(journey.outcome):
        yield from under(f"because of the {item}", "", 3, width)


def _ended(text: str, style: str, outcome: str, journey: Journey, width: int, indent: int = 0) -> Iterator[Line]:
    """A packet and its outcome, on one line if it fits."""
    colour = COLOURS[journey.outcome.kind]
    if indent + cells(text) + cells(outcome) + 3 <= width:
        yield [(" " * indent, ""), (text, style), ("   ", ""), (outcome, colour)]
        return
    yield from under(text, style, indent, width)
    yield from under(outcome, colour, indent + 3, width)


def _listed(trace: Trace, width: int) -> Iterator[Line]:
    for flow in in_order(trace, LISTED):
        title = f"{wording.legible(flow.title)}: {wording.counted(len(flow.journeys), 'packet')}"
        yield from under(title, "", 2, width)
    if len(trace.flows) > LISTED:
        yield from under(f"and {wording.counted(len(trace.flows) - LISTED, 'more flow')}", "", 2, width)
    yield from under("The hops are left out here: --all shows them, --html FILE makes a page.", "italic", 0, width)


def _legend(width: int, all: bool) -> Iterator[Line]:
    yield []
    yield from under(f"How strong evidence is: {wording.STRENGTHS}.", "dim", 0, width)
    if not all:
        text = "--all shows every packet in full, the rules that let it pass, and MAC addresses."
        yield from under(text, "dim", 0, width)


def put(console: Console, lines: Iterable[Line]) -> None:
    """Prints lines that are already folded, without rich's own slow folding."""
    from rich.segment import Segment, Segments

    styles = {style: console.get_style(style) for style in ("bold", "italic", "dim", "cyan", *COLOURS.values())}
    parts: list[Segment] = []
    for line in lines:
        parts += [Segment(text, styles.get(style)) for text, style in line]
        parts.append(Segment.line())
    console.print(Segments(parts), soft_wrap=True, end="")
