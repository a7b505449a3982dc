"""A trace on one screen: the first packet that carries data and its answer, what changed on their way, and because of what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from cnetkit.model import Hop
from cnetkit.trace.journey import Journey
from cnetkit.trace.trace import Trace
from cnetkit.view import wording
from cnetkit.view.grouping import in_order, path
from cnetkit.view.lines import Line, under
from cnetkit.view.reasons import reasons
from cnetkit.view.telling import made_everywhere
from cnetkit.view.terminal import put

if TYPE_CHECKING:
    from rich.console import Console

INDENT = 3


def print_brief(trace: Trace, console: Console) -> None:
    """Prints it, folded to the console's width."""
    for journey in question_and_answer(trace):
        put(console, _packet(journey, console.width))
    put(console, [*under(f"{wording.brief(trace)}.", "", 0, console.width), []])


def question_and_answer(trace: Trace) -> list[Journey]:
    """The first journey of the first flow that carries data, and the first of that flow that begins elsewhere."""
    flow = next(iter(in_order(trace, 1)), None)
    if flow is None:
        return []
    first, *others = flow.journeys
    return [first, *(one for one in others if one.hops[0].node != first.hops[0].node)][:2]


def _packet(journey: Journey, width: int) -> Iterator[Line]:
    yield from under(wording.packet(journey), "bold", 0, width)
    yield from under(wording.legible(path(journey.hops)), "", INDENT, width)
    for hop in journey.hops:
        yield from _changed(hop, width)
    yield from under(wording.ending(journey.outcome), "", INDENT, width)
    for line in wording.evidence(journey.outcome)[:1]:
        yield from under(f"because of the {line}", "", INDENT + 2, width)
    yield []


def _changed(hop: Hop, width: int) -> Iterator[Line]:
    telling = tuple(change for change in hop.changes if not made_everywhere(change.field))
    changed = wording.changes(replace(hop, changes=telling))
    if not changed:
        return
    yield from under(f"{wording.legible(hop.node)} changes {', '.join(changed)}", "cyan", INDENT, width)
    for item in reasons(hop.evidence).decisive[:1]:
        yield from under(f"because of the {wording.because(item)}", "", INDENT + 2, width)
