"""Journeys as one ladder diagram in SVG: a column for each interface, an arrow for each hop.

It draws what the journeys say and decides nothing; no script, nothing fetched. At most JOURNEYS journeys of HOPS hops
each are drawn, and it says how many were left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap

from cnetkit.model import Hop
from cnetkit.view import wording
from cnetkit.view.traced import Journey

JOURNEYS, HOPS = 12, 60
COLUMN, GUTTER, MARGIN, LINE = 132, 96, 16, 16
"""Pixels: between columns, for the times at the left, around, and from line to line of text."""
LETTER = 6.7
"""Pixels a letter of 11px monospace takes."""
STYLE = """
.ck{--bg:#fff;--ink:#1b2430;--soft:#5a6675;--line:#c9d1db;--band:#f0f4f9;--go:#1f5fae;--change:#8a4b00;--bad:#b3261e;
--good:#17713a;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:11px}
@media (prefers-color-scheme:dark){.ck{--bg:#161b22;--ink:#e6edf3;--soft:#9aa7b5;--line:#3a4450;--band:#222b36;
--go:#79b8ff;--change:#f2b45c;--bad:#ff8f87;--good:#6fd08c}}
.ck text{fill:var(--ink);paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}
.ck .bg{fill:var(--bg)}.ck .band{fill:var(--band)}.ck .under{stroke:none}
.ck .band+text,.ck .node{stroke:none;font-weight:600;font-size:12px}
.ck .soft{fill:var(--soft)}.ck .change{fill:var(--change);font-weight:600}
.ck .life{stroke:var(--line);stroke-dasharray:2 4}
.ck .way{stroke:var(--go);stroke-width:1.6;fill:none}.ck .tip{fill:var(--go)}.ck .changed{stroke-width:2.6}
.ck .dropped,.ck .ambiguous,.ck .lost-from-sight{fill:var(--bad);font-weight:600}
.ck .cross{stroke:var(--bad);stroke-width:3.5;stroke-linecap:round}
.ck .delivered,.ck .consumed{fill:var(--good);font-weight:600}
"""


def ladder(journeys: Sequence[Journey], title: str = "Journeys") -> str:
    """One `<svg>` element showing `journeys`, from top to bottom in their order."""
    drawn = journeys[:JOURNEYS]
    picture = _Ladder(_columns(drawn))
    for journey in drawn:
        picture.journey(journey)
    if len(journeys) > len(drawn):
        picture.note(f"{len(journeys) - len(drawn):,} more journeys are not drawn here.")
    return picture.svg(title, [journey.summary for journey in drawn])


def _columns(journeys: Sequence[Journey]) -> list[tuple[str, str]]:
    """The (node, interface)s in the order of the way, those of one node side by side."""
    nodes: dict[str, dict[str, None]] = {}
    for journey in journeys:
        for hop in journey.hops[:HOPS]:
            nodes.setdefault(hop.node, {})[hop.interface] = None
    return [(node, interface) for node, interfaces in nodes.items() for interface in interfaces]


class _Ladder:
    """The picture while it is being drawn, from top to bottom."""

    def __init__(self, columns: list[tuple[str, str]]) -> None:
        self.columns = columns
        self.x = {column: GUTTER + MARGIN + COLUMN // 2 + COLUMN * at for at, column in enumerate(columns)}
        self.width = max(GUTTER + 2 * MARGIN + COLUMN * len(columns), 640)
        self.y = MARGIN + 52
        self.parts: list[str] = []

    def journey(self, journey: Journey) -> None:
        self.band(f"#{journey.id}  {journey.summary}")
        times = {hop.frame: hop.time_ns for hop in journey.hops}
        at: dict[int, int] = {}
        for hop in journey.hops[:HOPS]:
            here = self.x[hop.node, hop.interface]
            self.hop(hop, at.get(hop.parent) if hop.parent is not None else None, here, wording.elapsed(hop, times))
            at[hop.frame] = here
        if len(journey.hops) > HOPS:
            self.note(f"{len(journey.hops) - HOPS:,} more hops are not drawn here.")
        node, _, interface = journey.outcome.where.rpartition("/")
        last = self.x.get((node, interface), MARGIN)
        if journey.outcome.kind == "dropped":
            self.y += 10
            self.parts.append(f'<path class="cross" d="M{last - 7} {self.y - 7}l14 14m0 -14l-14 14"/>')
        self.y += LINE + 4
        self.text(
            last, wording.ending(journey.outcome), journey.outcome.kind, "\n".join(wording.evidence(journey.outcome))
        )
        self.y += LINE + 8

    def hop(self, hop: Hop, before: int | None, here: int, after: str) -> None:
        changed, why = wording.changes(hop), wording.evidence(hop)
        middle = here if before is None else (before + here) // 2
        self.y += 4
        for line in changed:
            self.y += LINE
            self.text(middle, f"◆ {line}", "change")
        self.y += 12
        self.parts.append(f"<g>{_tip(_described(hop, changed, why))}{self.arrow(before, here, bool(changed))}</g>")
        if after:
            self.parts.append(f'<text class="soft" x="{MARGIN}" y="{self.y + 4}">{after}</text>')
        if why:
            self.y += 3
            more = f"  (and {len(why) - 1} more)" if len(why) > 1 else ""
            room = int((self.width - 2 * MARGIN) / LETTER)
            for line in wrap(why[0] + more, room, max_lines=4, placeholder=" …"):
                self.y += LINE
                self.text(middle, line, "soft", "\n".join(why))
        self.y += 8

    def arrow(self, before: int | None, here: int, changed: bool) -> str:
        y, style = self.y, "way changed" if changed else "way"
        if before is None:
            return f'<circle class="tip" cx="{here}" cy="{y}" r="5"/>'
        if before == here:
            loop = f'<path class="{style}" d="M{here} {y - 8}h26v12H{here + 8}"/>'
            return loop + f'<path class="tip" d="M{here + 1} {y + 4}l9 -4.5v9z"/>'
        side = 1 if here > before else -1
        line = f'<path class="{style}" d="M{before} {y}H{here - 8 * side}"/>'
        start = f'<circle class="tip" cx="{before}" cy="{y}" r="2"/>'
        return line + start + f'<path class="tip" d="M{here} {y}l{-10 * side} -5v10z"/>'

    def text(self, x: int, said: str, style: str, tip: str = "") -> None:
        """Text around `x`, kept inside the picture; what is too long for it ends in … and is whole in its tooltip."""
        room = int((self.width - 2 * MARGIN) / LETTER)
        shown = said if len(said) <= room else said[: room - 1] + "…"
        half = len(shown) * LETTER / 2
        x = round(min(max(x, MARGIN + half), self.width - MARGIN - half))
        tip = tip or (said if shown != said else "")
        inner = (_tip(tip) if tip else "") + escape(shown)
        self.parts.append(f'<text class="{style}" x="{x}" y="{self.y}" text-anchor="middle">{inner}</text>')

    def band(self, said: str) -> None:
        self.y += 6
        room = int((self.width - 3 * MARGIN) / (LETTER * 12 / 11))
        said = wording.legible(said)
        shown = said if len(said) <= room else said[: room - 1] + "…"
        self.parts.append(
            f'<rect class="band" x="{MARGIN / 2:g}" y="{self.y}" width="{self.width - MARGIN}" height="24" rx="5"/>'
            f'<text x="{MARGIN}" y="{self.y + 16}">{_tip(said) if shown != said else ""}{escape(shown)}</text>'
        )
        self.y += 30

    def note(self, said: str) -> None:
        self.y += LINE
        self.parts.append(f'<text class="soft" x="{MARGIN}" y="{self.y}">{escape(said)}</text>')
        self.y += LINE

    def svg(self, title: str, summaries: Sequence[str]) -> str:
        """The whole picture."""
        height = self.y + MARGIN
        title, described = wording.legible(title), wording.legible("; ".join(summaries))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ck" role="img" viewBox="0 0 {self.width} {height}" '
            f'width="{self.width}" height="{height}"><title>{escape(title)}</title><desc>{escape(described)}</desc>'
            f'<style>{STYLE}</style><rect class="bg" width="{self.width}" height="{height}"/>'
            f"{self.heads(height)}{''.join(self.parts)}</svg>"
        )

    def heads(self, height: int) -> str:
        """The node headings, the interfaces under them, and their dashed lines."""
        found = []
        for node in dict.fromkeys(node for node, _ in self.columns):
            xs = [x for (of, _), x in self.x.items() if of == node]
            left, right = xs[0] - COLUMN / 2 + 3, xs[-1] + COLUMN / 2 - 3
            found.append(
                f'<rect class="band" x="{left:g}" y="{MARGIN / 2:g}" width="{right - left:g}" height="44" rx="6"/>'
                + _label((left + right) / 2, MARGIN + 8, node, right - left, "node")
            )
        for (_, interface), x in self.x.items():
            found.append(_label(x, MARGIN + 27, interface, COLUMN - 8, "soft under"))
            found.append(f'<line class="life" x1="{x}" x2="{x}" y1="{MARGIN + 38}" y2="{height - MARGIN}"/>')
        return "".join(found)


def _label(x: float, y: float, said: str, width: float, style: str) -> str:
    said, room = wording.legible(said), int(width / (LETTER * 1.1))
    shown = said if len(said) <= room else said[: room - 1] + "…"
    return f'<text class="{style}" x="{x:g}" y="{y:g}" text-anchor="middle">{_tip(said)}{escape(shown)}</text>'


def _tip(said: str) -> str:
    return f"<title>{escape(said)}</title>"


def _described(hop: Hop, changed: list[str], why: list[str]) -> str:
    seen = wording.legible(f"frame {hop.frame}, {hop.node}/{hop.interface}, {hop.direction}")
    return "\n".join([seen, *changed, *why])
