"""A trace as text in a terminal: the summary, then each flow with a table for each journey.

Needs rich; reads nothing but the trace. Colour only repeats what the words say. Long text folds, so nothing is cut at 80 columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING

from cnetkit.view import wording
from cnetkit.view.traced import Journey, Trace

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

SMALL = 30
"""Journeys; a trace with more is summed up unless all are asked for."""
COLOURS = {
    "delivered": "green",
    "consumed": "green",
    "dropped": "red",
    "lost-from-sight": "yellow",
    "ambiguous": "yellow",
}


def print_trace(trace: Trace, console: Console | None = None, all: bool = False) -> None:
    """Print `trace`: its summary, and each flow's hops where it is small or `all` are asked for."""
    from rich.console import Console
    from rich.text import Text

    console = console or Console(highlight=False)
    for line in wording.summary(trace):
        console.print(Text(line))
    if len(trace.journeys) > SMALL and not all:
        for flow in trace.flows[:SMALL]:
            console.print(Text(f"  {wording.legible(flow.title)}: {len(flow.journeys):,} journeys"))
        if len(trace.flows) > SMALL:
            console.print(Text(f"  and {len(trace.flows) - SMALL:,} flows more"))
        console.print(Text("The hops are left out here: --all shows them.", style="italic"))
        return
    for flow in trace.flows:
        console.print(Text(f"\nFlow {flow.id}: {wording.legible(flow.title)}", style="bold underline"))
        for journey in flow.journeys:
            console.print()
            console.print(_head(journey))
            console.print(_hops(journey))


def text(trace: Trace) -> str:
    """What print_trace prints, as plain text of 100 columns."""
    from rich.console import Console

    out = StringIO()
    print_trace(trace, Console(file=out, width=100, color_system=None, highlight=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _head(journey: Journey) -> Text:
    ended = journey.outcome
    said = [(f"#{journey.id} {wording.legible(journey.summary)}", "bold")]
    said.append((f"   {wording.ending(ended)}", COLOURS[ended.kind]))
    return _lines([*said, *((f"   because: {line}", "") for line in wording.evidence(ended))])


def _hops(journey: Journey) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Hop", justify="right", no_wrap=True)
    table.add_column("Where", overflow="fold", min_width=8, ratio=2)
    table.add_column("Way", no_wrap=True)
    table.add_column("After", justify="right", overflow="fold", min_width=9)
    table.add_column("What changed, and why", overflow="fold", ratio=5)
    times = {hop.frame: hop.time_ns for hop in journey.hops}
    places = {hop.frame: number for number, hop in enumerate(journey.hops, 1)}
    for number, hop in enumerate(journey.hops, 1):
        said = [(f"◆ {line}", "cyan") for line in wording.changes(hop)]
        said += [(f"because: {line}", "") for line in wording.evidence(hop)]
        if hop.parent is not None and places.get(hop.parent, 0) != number - 1:
            said.insert(0, (f"from hop {places.get(hop.parent, '?')}", "dim"))
        where = Text(wording.legible(f"{hop.node}/{hop.interface}"))
        after = Text(wording.elapsed(hop, times))
        table.add_row(Text(str(number)), where, Text(wording.ARROWS[hop.direction]), after, _lines(said))
    return table


def _lines(lines: Iterable[tuple[str, str]]) -> Text:
    from rich.text import Text

    return Text("\n").join(Text(line, style=style) for line, style in lines)
