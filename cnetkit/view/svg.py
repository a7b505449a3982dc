"""Journeys as one ladder diagram in SVG: a column for each interface, an arrow for each hop, and its reason beside it.

Draws what the journeys contain; no script, nothing fetched. At most JOURNEYS journeys of HOPS hops each are drawn, and
the picture says how many are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap

from cnetkit.model import Hop
from cnetkit.trace.journey import Journey
from cnetkit.trace.packets.packet import frame_number
from cnetkit.view import wording
from cnetkit.view.reasons import reasons
from cnetkit.view.theme import colours

JOURNEYS, HOPS = 12, 60
COLUMN, TIMES, WORDS, MARGIN, LINE = 104, 66, 56, 12, 16
"""Pixels: between columns, for the times at the left, characters beside the ladder, margin, line height."""
LETTER = 7.25
"""Pixels of a character of 12px monospace."""
INDENT = "\u00a0\u00a0"
"""Before the further lines of a change; ordinary spaces would be removed."""
QUOTED = 3
"""Lines of a reason; the rest is in the tooltip and in the table."""
STYLE = (
    colours(".ck")
    + """
.ck{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}
.ck text{fill:var(--ink)}.ck .bg{fill:var(--bg)}.ck .band{fill:var(--band)}.ck .head{font-weight:600}
.ck .soft{fill:var(--soft)}.ck .change{fill:var(--change);font-weight:600}
.ck .life{stroke:var(--line);stroke-dasharray:2 4}
.ck .way{stroke:var(--go);stroke-width:1.6;fill:none}.ck .tip{fill:var(--go)}
.ck .changed .way{stroke:var(--change);stroke-width:2.8}.ck .changed .tip{fill:var(--change)}
.ck .dropped,.ck .ambiguous,.ck .lost-from-sight{fill:var(--bad);font-weight:600}
.ck .delivered,.ck .consumed{fill:var(--good);font-weight:600}.ck .mark{font-size:17px}
"""
)


def ladder(journeys: Sequence[Journey], title: str = "Journeys") -> str:
    """One `<svg>` element showing `journeys`, from top to bottom."""
    drawn = journeys[:JOURNEYS]
    picture = _Ladder(_columns(drawn))
    for journey in drawn:
        picture.journey(journey)
    if len(journeys) > len(drawn):
        picture.note(f"{len(journeys) - len(drawn):,} more journeys are not drawn here.")
    return picture.svg(title, [wording.packet(journey) for journey in drawn])


def ladders(journeys: Sequence[Journey], title: str) -> list[str]:
    """One `<svg>` element for each journey, with the same columns, so that page breaks fall between them.

    The first contains the style sheet for all.
    """
    columns = _columns(journeys[:JOURNEYS])
    pictures: list[str] = []
    for journey in journeys[:JOURNEYS]:
        picture = _Ladder(columns)
        picture.journey(journey)
        pictures.append(picture.svg(title, [wording.packet(journey)], styled=not pictures))
    return pictures


def _columns(journeys: Sequence[Journey]) -> list[tuple[str, str]]:
    """The (node, interface)s in the order of the path, those of one node side by side."""
    nodes: dict[str, dict[str, None]] = {}
    for journey in journeys:
        for hop in journey.hops[:HOPS]:
            nodes.setdefault(hop.node, {})[hop.interface] = None
    return [(node, interface) for node, interfaces in nodes.items() for interface in interfaces]


class _Ladder:
    """The picture while it is being drawn, from top to bottom."""

    def __init__(self, columns: list[tuple[str, str]]) -> None:
        self.columns = columns
        self.x = {column: TIMES + MARGIN + COLUMN // 2 + COLUMN * at for at, column in enumerate(columns)}
        self.words = TIMES + 2 * MARGIN + COLUMN * len(columns)
        self.width = round(self.words + WORDS * LETTER + MARGIN)
        self.y = MARGIN + 48
        self.parts: list[str] = []

    def journey(self, journey: Journey) -> None:
        self.band(f"#{journey.id} {wording.packet(journey)}")
        times = {hop.frame: hop.moment for hop in journey.hops}
        at: dict[int, int] = {}
        for hop in journey.hops[:HOPS]:
            here = self.x[hop.node, hop.interface]
            after = wording.elapsed(hop, times)
            self.hop(hop, at.get(hop.parent) if hop.parent is not None else None, here, after and f"{after} µs")
            at[hop.frame] = here
        if len(journey.hops) > HOPS:
            self.note(f"{len(journey.hops) - HOPS:,} more hops are not drawn here.")
        self.ending(journey)

    def hop(self, hop: Hop, before: int | None, here: int, after: str) -> None:
        """One arrow, with the time at its left and the words at its right."""
        changed, evidence = wording.changes(hop), reasons(hop.evidence)
        why = [wording.because(item) for item in evidence.decisive]
        top = self.y
        lines = [(line, "change") for item in changed for line in _folded(f"◆ {item}")]
        if why:
            more = len(why) - 1 + len(evidence.passed)
            quoted = wrap(why[0], WORDS, max_lines=QUOTED, placeholder=" …", break_on_hyphens=False)
            lines += [(line, "soft") for line in quoted]
            lines += [(f"and {wording.counted(more, 'more reason')}", "soft")] if more else []
        tip = "\n".join([_place_and_time(hop), *wording.changes(hop, whole=True), *why])
        style = "changed" if changed else "hop"
        self.parts.append(f'<g class="{style}">{_tip(tip)}{self.arrow(before, here)}</g>')
        if after:
            self.parts.append(f'<text class="soft" x="{MARGIN}" y="{top + LINE}">{after}</text>')
        self.write(lines, tip)
        self.y = max(self.y, top + LINE) + 10

    def arrow(self, before: int | None, here: int) -> str:
        y = self.y + LINE - 4
        if before is None:
            return f'<circle class="tip" cx="{here}" cy="{y}" r="5"/>'
        if before == here:
            loop = f'<path class="way" d="M{here} {y - 8}h26v12H{here + 8}"/>'
            return loop + f'<path class="tip" d="M{here + 1} {y + 4}l9 -4.5v9z"/>'
        side = 1 if here > before else -1
        line = f'<path class="way" d="M{before} {y}H{here - 8 * side}"/>'
        start = f'<circle class="tip" cx="{before}" cy="{y}" r="2.5"/>'
        return line + start + f'<path class="tip" d="M{here} {y}l{-10 * side} -5v10z"/>'

    def ending(self, journey: Journey) -> None:
        ended = journey.outcome
        node, _, interface = ended.where.rpartition("/")
        last = self.x.get((node, interface), MARGIN)
        mark = f'<text class="{ended.kind} mark" x="{last}" y="{self.y + LINE + 1}" text-anchor="middle">'
        self.parts.append(f"{mark}{wording.MARKS[ended.kind]}</text>")
        outcome_lines = wrap(wording.ending(ended), WORDS, max_lines=QUOTED, placeholder=" …", break_on_hyphens=False)
        lines: list[tuple[str, str]] = [(line, ended.kind) for line in outcome_lines]
        for item in wording.evidence(ended):
            lines += [(line, "soft") for line in wrap(item, WORDS, max_lines=QUOTED, placeholder=" …")]
        self.write(lines, "\n".join([wording.ending(ended), *wording.evidence(ended)]))
        self.y += LINE

    def write(self, lines: list[tuple[str, str]], tip: str) -> None:
        """Lines of text beside the ladder."""
        for line, style in lines:
            self.y += LINE
            self.parts.append(f'<text class="{style}" x="{self.words}" y="{self.y}">{_tip(tip)}{escape(line)}</text>')

    def band(self, text: str) -> None:
        shown = _cut(text, int((self.width - 3 * MARGIN) / LETTER))
        self.parts.append(
            f'<rect class="band" x="{MARGIN / 2:g}" y="{self.y}" width="{self.width - MARGIN}" height="24" rx="5"/>'
            f'<text class="head" x="{MARGIN}" y="{self.y + 16}">{_tip(text)}{escape(shown)}</text>'
        )
        self.y += 32

    def note(self, text: str) -> None:
        self.y += LINE
        self.parts.append(f'<text class="soft" x="{MARGIN}" y="{self.y}">{escape(text)}</text>')
        self.y += LINE

    def svg(self, title: str, packets: Sequence[str], styled: bool = True) -> str:
        """The whole picture."""
        height = self.y + MARGIN
        title, described = wording.legible(title), wording.legible("; ".join(packets))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ck" role="img" viewBox="0 0 {self.width} {height}" '
            f'width="{self.width}" height="{height}"><title>{escape(title)}</title><desc>{escape(described)}</desc>'
            f'{f"<style>{STYLE}</style>" if styled else ""}<rect class="bg" width="{self.width}" height="{height}"/>'
            f"{self.heads(height)}{''.join(self.parts)}</svg>"
        )

    def heads(self, height: int) -> str:
        """The node headings, the interfaces under them, and their dashed lines."""
        parts = []
        for node in dict.fromkeys(node for node, _ in self.columns):
            xs = [x for (of, _), x in self.x.items() if of == node]
            left, right = xs[0] - COLUMN / 2 + 3, xs[-1] + COLUMN / 2 - 3
            parts.append(
                f'<rect class="band" x="{left:g}" y="{MARGIN / 2:g}" width="{right - left:g}" height="42" rx="6"/>'
                + _label((left + right) / 2, MARGIN + 10, node, right - left, "head")
            )
        for (_, interface), x in self.x.items():
            parts.append(_label(x, MARGIN + 28, interface, COLUMN - 8, "soft"))
            parts.append(f'<line class="life" x1="{x}" x2="{x}" y1="{MARGIN + 38}" y2="{height - MARGIN}"/>')
        return "".join(parts)


def _label(x: float, y: float, text: str, width: float, style: str) -> str:
    text = wording.legible(text)
    shown = escape(_narrowed(text, int(width / LETTER)))
    return f'<text class="{style}" x="{x:g}" y="{y:g}" text-anchor="middle">{_tip(text)}{shown}</text>'


def _cut(text: str, room: int) -> str:
    """As much of the text as fits; the tooltip has all of it."""
    return text if len(text) <= room else text[: room - 1] + "…"


def _folded(text: str) -> list[str]:
    """All of it, in lines."""
    return wrap(text, WORDS, subsequent_indent=INDENT, break_on_hyphens=False)


def _narrowed(name: str, room: int) -> str:
    """A name cut in its middle, because its end matters as much as its beginning."""
    kept = room - 1
    return name if len(name) <= room else f"{name[: kept - kept // 2]}…{name[len(name) - kept // 2 :]}"


def _tip(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def _place_and_time(hop: Hop) -> str:
    return wording.legible(f"{frame_number(hop.frame)}, {hop.node}/{hop.interface}, {hop.direction}")
