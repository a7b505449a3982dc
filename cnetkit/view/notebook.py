"""Traces, flows and journeys as HTML for a notebook's output: summary, ladder, and hop tables with evidence. No
script.

Everything is escaped; nothing is fetched. The most important flow is open, others are folded; omissions are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from cnetkit.trace.flow import Flow
from cnetkit.trace.journey import Journey
from cnetkit.trace.trace import Trace
from cnetkit.view import wording
from cnetkit.view.grouping import grouped, in_order, path
from cnetkit.view.hops import STYLE as TABLE_STYLE, table
from cnetkit.view.svg import ladders
from cnetkit.view.theme import colours

FLOWS, GROUPS, DRAWN = 30, 40, 6
"""How many flows are shown, how many paths of each have their hops listed, and how many of these are drawn."""
STYLE = (
    colours(".cnetkit")
    + """
.cnetkit{color:var(--ink);background:var(--bg);font:14px/1.45 system-ui,sans-serif;padding:.2em .6em .6em}
.cnetkit .alert{padding:.2em .6em;border:1px solid var(--bad);border-left-width:5px;border-radius:4px;
color:var(--bad);font-weight:600}
.cnetkit h3{font-size:15px;margin:1em 0 .4em}.cnetkit p{margin:.4em 0}
.cnetkit .picture{overflow-x:auto;margin:.4em 0 .8em}.cnetkit .picture svg{display:block;max-width:none}
.cnetkit summary{cursor:pointer;padding:.15em 0}.cnetkit .flow>summary{font-weight:600;font-size:15px;padding:.4em 0}
.cnetkit ul{margin:.2em 0 .6em;padding-left:1.4em}
"""
    + TABLE_STYLE
    + """
@media print{.cnetkit .picture,.cnetkit .scroll{overflow:visible}
.cnetkit .picture svg{max-width:100%;height:auto;max-height:175mm;break-inside:avoid}
.cnetkit h3,.cnetkit summary{break-after:avoid}
.cnetkit .hops{min-width:0;font-size:11px}.cnetkit .hops td:nth-child(7){min-width:0}.cnetkit .hops tr{break-inside:avoid}}
"""
)


def html(trace: Trace) -> str:
    """A whole trace."""
    alerts = list(wording.alerts(trace))
    calm = [line for line in wording.summary(trace) if line not in alerts]
    parts = [f"<p>{'<br>'.join(escape(line) for line in calm)}</p>"]
    parts += (f'<p class="alert">⚠ {escape(line)}</p>' for line in alerts)
    flows = in_order(trace, FLOWS)
    served = [flow for flow in flows if flow.housekeeping]
    for number, flow in enumerate(flow for flow in flows if not flow.housekeeping):
        if number == 0:
            parts.append(f"<section><h3>{_title(flow)}</h3>{_flow(flow)}</section>")
        else:
            parts.append(f'<details class="flow"><summary>{_title(flow)}</summary>{_flow(flow)}</details>')
    if served:
        parts += (f'<details class="flow"><summary>{_title(flow)}</summary>{_short(flow)}</details>' for flow in served)
    if len(trace.flows) > FLOWS:
        parts.append(f"<p>{wording.counted(len(trace.flows) - FLOWS, 'more flow')} not shown here.</p>")
    if flows:
        parts.append(f'<p class="soft">How strong evidence is: {escape(wording.STRENGTHS)}.</p>')
    return _framed("".join(parts))


def flow_html(flow: Flow) -> str:
    """One flow."""
    return _framed(f"<h3>{_title(flow)}</h3>{_origin(flow.journeys[0])}{_flow(flow)}")


def journey_html(journey: Journey) -> str:
    """One journey."""
    return _framed(
        f"{_picture([journey], wording.packet(journey))}{_origin(journey)}"
        f"{table([[journey]], 'The hops of this packet')}"
    )


def _origin(journey: Journey) -> str:
    text = wording.origin(journey.trace.recording)
    return f'<p class="soft">{escape(text)}</p>' if text else ""


def _framed(inner: str) -> str:
    return f'<div class="cnetkit"><style>{STYLE}</style>{inner}</div>'


def _title(flow: Flow) -> str:
    return escape(f"{wording.legible(flow.title)}: {wording.counted(len(flow.journeys), 'packet')}")


def _flow(flow: Flow) -> str:
    groups = grouped(flow.journeys)
    firsts = [group[0] for group in groups]
    parts = [_picture(firsts[:DRAWN], flow.title), table(groups[:GROUPS], f"The hops of {flow.title}")]
    if len(groups) > DRAWN:
        parts.insert(1, f"<p>{len(groups) - DRAWN:,} more ways of packets are not drawn here.</p>")
    if len(groups) > GROUPS:
        left = sum(len(group) for group in groups[GROUPS:])
        parts.append(f"<p>{wording.counted(left, 'more packet')} of this flow not listed here.</p>")
    return "".join(parts)


def _picture(journeys: Sequence[Journey], title: str) -> str:
    return f'<div class="picture" tabindex="0">{"".join(ladders(journeys, title))}</div>'


def _short(flow: Flow) -> str:
    items = []
    for group in grouped(flow.journeys)[:GROUPS]:
        first = group[0]
        lines = [
            f"#{first.id} {wording.packet(first)}, by {wording.legible(path(first.hops))}",
            wording.ending(first.outcome),
        ]
        if len(group) > 1:
            lines.append(wording.same_way(group[1:]))
        items.append(f"<li>{'<br>'.join(escape(line) for line in lines)}</li>")
    groups = grouped(flow.journeys)
    left = f"<p>{len(groups) - GROUPS:,} more ways of packets are not listed here.</p>" if len(groups) > GROUPS else ""
    return (
        f"<ul>{''.join(items)}</ul>{left}<details><summary>their hops and evidence</summary>"
        f"{table(groups[:GROUPS], f'The hops of {flow.title}')}</details>"
    )
