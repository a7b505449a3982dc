"""A trace as HTML for a notebook's output or a page: summary, ladder, and hop tables with evidence. No script.

Everything is escaped; nothing is fetched. Long traces are shown in part, and it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from cnetkit.view import wording
from cnetkit.view.svg import ladder
from cnetkit.view.traced import Flow, Journey, Trace

FLOWS, LADDERS, ROWS = 10, 2, 400
"""How many flows have tables, how many of them a ladder as well, and how many hops are listed in all."""
STYLE = """
.cnetkit table{border-collapse:collapse;margin:.4em 0 1em;font-size:.9em}
.cnetkit caption,.cnetkit th,.cnetkit td{text-align:left;vertical-align:top;padding:.2em .6em}
.cnetkit td,.cnetkit th{border-bottom:1px solid #8886;overflow-wrap:break-word}
.cnetkit tbody th{background:#8882}.cnetkit caption{font-weight:600}
.cnetkit td:nth-child(-n+4){white-space:nowrap}
.cnetkit .picture{overflow-x:auto}
"""
HEADS = ("Hop", "Where", "Direction", "After", "What changed", "Why")


def html(trace: Trace) -> str:
    """One `<div>` with its own style."""
    parts = [f"<p>{'<br>'.join(escape(line) for line in wording.summary(trace))}</p>"]
    room = ROWS
    for number, flow in enumerate(trace.flows[:FLOWS]):
        if number < LADDERS:
            parts.append(f'<div class="picture" tabindex="0">{ladder(flow.journeys, flow.title)}</div>')
        shown = _fitting(flow.journeys, room)
        room -= sum(len(journey.hops) for journey in shown)
        parts.append(_table(flow, shown))
        if len(shown) < len(flow.journeys):
            parts.append(f"<p>{len(flow.journeys) - len(shown):,} more journeys of this flow are not listed here.</p>")
    if len(trace.flows) > FLOWS:
        parts.append(f"<p>{len(trace.flows) - FLOWS:,} more flows are not shown here.</p>")
    return f'<div class="cnetkit"><style>{STYLE}</style>{"".join(parts)}</div>'


def page(trace: Trace) -> str:
    """One HTML document that needs no network."""
    title = escape(wording.legible(trace.recording.name) or "cnetkit trace")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><style>:root{color-scheme:light dark}'
        f"body{{font-family:system-ui,sans-serif;margin:1.5em}}</style></head><body><main><h1>{title}</h1>"
        f"{html(trace)}</main></body></html>"
    )


def _fitting(journeys: Sequence[Journey], room: int) -> list[Journey]:
    shown = []
    for journey in journeys:
        room -= len(journey.hops)
        if room < 0:
            break
        shown.append(journey)
    return shown


def _table(flow: Flow, journeys: Iterable[Journey]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    bodies = "".join(_body(journey) for journey in journeys)
    caption = escape(wording.legible(flow.title))
    return f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>{bodies}</table>"


def _body(journey: Journey) -> str:
    said = [wording.legible(journey.summary), wording.ending(journey.outcome), *wording.evidence(journey.outcome)]
    rows = [f'<tr><th scope="rowgroup" colspan="{len(HEADS)}">#{journey.id} {_lines(said)}</th></tr>']
    times = {hop.frame: hop.time_ns for hop in journey.hops}
    places = {hop.frame: number for number, hop in enumerate(journey.hops, 1)}
    for number, hop in enumerate(journey.hops, 1):
        after = wording.elapsed(hop, times)
        if hop.parent is not None and places.get(hop.parent, 0) != number - 1:
            after += f" from hop {places.get(hop.parent, '?')}"
        cells = [
            [wording.legible(f"{hop.node}/{hop.interface}")], [wording.ARROWS[hop.direction]], [after],
            wording.changes(hop), wording.evidence(hop) if hop.parent is not None or hop.evidence else [],
        ]  # fmt: skip
        listed = "".join(f"<td>{_lines(cell)}</td>" for cell in cells)
        rows.append(f"<tr><td>{number}</td>{listed}</tr>")
    return f"<tbody>{''.join(rows)}</tbody>"


def _lines(lines: Iterable[str]) -> str:
    return "<br>".join(escape(line) for line in lines)
