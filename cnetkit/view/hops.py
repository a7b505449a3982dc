"""The hops of journeys as one HTML table: changes and reasons. Packets that took the same path are listed once.

Everything is escaped. Rules that only passed a packet on, and MAC addresses, are folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from cnetkit.model import Evidence, Hop
from cnetkit.trace.journey import Journey
from cnetkit.view import wording
from cnetkit.view.reasons import reasons

HEADS = ("Hop", "Node", "Interface", "Way", "µs", "What changed", "Why")
NUMBERS = (0, 4)
STYLE = """
.cnetkit .scroll{overflow-x:auto}
.cnetkit .hops{border-collapse:collapse;border:0;margin:.2em 0 .6em;width:100%;min-width:46em;font-size:13px;table-layout:auto}
.cnetkit .hops caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.cnetkit .hops tr,.cnetkit .hops tr:nth-child(n){background:none}
.cnetkit .hops th,.cnetkit .hops td{text-align:left;vertical-align:top;padding:.3em .6em;white-space:normal;max-width:none;
border:0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.cnetkit .hops thead th{color:var(--soft);font-weight:600}
.cnetkit .hops tbody th{background:var(--band);font-weight:600;padding-top:.45em}
.cnetkit .hops td:nth-child(-n+5){white-space:nowrap;overflow-wrap:normal}
.cnetkit .hops thead th{white-space:nowrap}.cnetkit .hops td.same{white-space:normal;font-style:italic}
.cnetkit .hops td.number{text-align:right;font-variant-numeric:tabular-nums}
.cnetkit .hops td:nth-child(6){min-width:20em}.cnetkit .hops td:nth-child(7){min-width:20em;width:60%}
.cnetkit .hops .change{color:var(--change);font-weight:600}.cnetkit code.quote{font-size:12px;background:none;color:inherit;
padding:0;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
.cnetkit .soft,.cnetkit .hops .soft{color:var(--soft)}.cnetkit .why+.why{margin-top:.25em}
.cnetkit .delivered,.cnetkit .consumed{color:var(--good)}
.cnetkit .dropped,.cnetkit .ambiguous,.cnetkit .lost-from-sight{color:var(--bad)}
"""


def table(groups: Sequence[Sequence[Journey]], caption: str) -> str:
    """A table of journeys that took the same path; the first of each group in full."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    bodies = "".join(_body(group) for group in groups)
    named = escape(wording.legible(caption))
    return (
        f'<div class="scroll" tabindex="0"><table class="hops"><caption>{named}</caption>'
        f"<thead><tr>{heads}</tr></thead>{bodies}</table></div>"
    )


def _body(group: Sequence[Journey]) -> str:
    journey = group[0]
    ended = journey.outcome
    outcome = f'<span class="{ended.kind}">{escape(wording.ending(ended))}</span>'
    heading = f"#{journey.id} {escape(wording.packet(journey))} {outcome}"
    because = "".join(_reason(item) for item in ended.evidence)
    rows = [f'<tr><th scope="rowgroup" colspan="{len(HEADS)}">{heading}{because}</th></tr>']
    times = {hop.frame: hop.moment for hop in journey.hops}
    places = {hop.frame: number for number, hop in enumerate(journey.hops, 1)}
    for number, hop in enumerate(journey.hops, 1):
        from_ = ""
        if hop.parent is not None and places.get(hop.parent, 0) != number - 1:
            from_ = f'<div class="soft">from hop {places.get(hop.parent, "?")}</div>'
        cells = [
            str(number), escape(wording.legible(hop.node)), escape(wording.legible(hop.interface)),
            wording.ARROWS[hop.direction], wording.elapsed(hop, times), from_ + _changes(hop), _why(hop),
        ]  # fmt: skip
        listed = (
            f'<td class="number">{cell}</td>' if at in NUMBERS else f"<td>{cell}</td>" for at, cell in enumerate(cells)
        )
        rows.append(f"<tr>{''.join(listed)}</tr>")
    if len(group) > 1:
        rows.append(f'<tr><td class="same" colspan="{len(HEADS)}">{escape(wording.same_way(group[1:]))}</td></tr>')
    return f"<tbody>{''.join(rows)}</tbody>"


def _changes(hop: Hop) -> str:
    lines = []
    for line in wording.changes(hop):
        if line == wording.MACS:
            both = "<br>".join(escape(part) for part in wording.changes(hop, whole=True) if part.startswith("eth."))
            lines.append(f'<details class="soft"><summary>{line}</summary>{both}</details>')
        else:
            lines.append(f'<div class="change">{escape(line)}</div>')
    return "".join(lines)


def _why(hop: Hop) -> str:
    why = reasons(hop.evidence)
    lines = [_reason(item) for item in why.decisive]
    if why.passed:
        listed = "".join(_reason(item) for item in why.passed)
        lines.append(f'<details class="soft"><summary>{wording.passing(why.passed)}</summary>{listed}</details>')
    if not lines and hop.parent is not None:
        lines.append('<div class="soft">no evidence was recorded</div>')
    return "".join(lines)


def _reason(item: Evidence) -> str:
    kind = escape(wording.legible(wording.KINDS.get(item.kind, item.kind)))
    quote, source = escape(wording.legible(item.quote)), escape(wording.legible(item.source))
    return (
        f'<div class="why">{kind} <code class="quote">“{quote}”</code> '
        f'<span class="soft">({source}; {item.strength})</span></div>'
    )
