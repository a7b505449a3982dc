"""The differences between two traces, as text for a terminal and as a table for a notebook. Compares nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby

from cnetkit.trace.report.comparison import Comparison, Difference
from cnetkit.view import wording
from cnetkit.view.lines import Line, under
from cnetkit.view.terminal import plain
from cnetkit.view.theme import colours

STYLE = (
    colours(".cnetkit")
    + """
.cnetkit{color:var(--ink);background:var(--bg);font:14px/1.45 system-ui,sans-serif;padding:.2em .6em .6em}
.cnetkit .differ{border-collapse:collapse}.cnetkit .differ caption{text-align:left;padding:.3em 0}
.cnetkit .differ th,.cnetkit .differ td{text-align:left;vertical-align:top;padding:.3em .8em;overflow-wrap:anywhere;
border-bottom:1px solid var(--line)}.cnetkit .differ tbody th{background:var(--band)}
"""
)
NOTHING = "none"


def text(comparison: Comparison, width: int = 100) -> str:
    """Each question with its values before and after, folded to `width`."""
    return plain(_lines(comparison, width))


def html(comparison: Comparison) -> str:
    """A table with a group of rows for each question. Everything is escaped."""
    rows = []
    for question, differences in _by_question(comparison):
        rows.append(f'<tr><th scope="rowgroup" colspan="3">{escape(wording.legible(question))}</th></tr>')
        for difference in differences:
            cells = "".join(
                f"<td>{escape(wording.legible(part)) or NOTHING}</td>" for part in (difference.before, difference.after)
            )
            rows.append(f'<tr><th scope="row">{difference.aspect}</th>{cells}</tr>')
    heads = '<tr><td></td><th scope="col">before</th><th scope="col">after</th></tr>'
    shown = f"<p>{_head(comparison)}</p>"
    if rows:
        body = f"<thead>{heads}</thead><tbody>{''.join(rows)}</tbody>"
        shown = f'<table class="differ"><caption>{_head(comparison)}</caption>{body}</table>'
    origins = "".join(f"<p>{escape(line)}</p>" for line in _origins(comparison))
    return f'<div class="cnetkit"><style>{STYLE}</style>{shown}{origins}</div>'


def _head(comparison: Comparison) -> str:
    differing = len(list(_by_question(comparison)))
    alike = f"{comparison.alike} {'is' if comparison.alike == 1 else 'are'} alike"
    if not differing:
        return f"Nothing differs: {wording.counted(comparison.alike, 'kind')} of packet {alike.partition(' ')[2]}"
    return f"{wording.counted(differing, 'kind')} of packet {'differs' if differing == 1 else 'differ'}, {alike}"


def _origins(comparison: Comparison) -> list[str]:
    """Where the packets come from: a line if both are alike in that, else one for each."""
    lines = [wording.origin(recording) for recording in comparison.recordings]
    if len(set(lines)) < 2:
        return [line for line in lines[:1] if line]
    return [f"{when}: {line}" for when, line in zip(("Before", "After"), lines, strict=True) if line]


def _by_question(comparison: Comparison) -> Iterable[tuple[str, list[Difference]]]:
    grouped = groupby(comparison.differences, lambda difference: difference.question)
    return ((question, list(group)) for question, group in grouped)


def _lines(comparison: Comparison, width: int) -> Iterator[Line]:
    yield from under(_head(comparison), "bold", 0, width)
    for line in _origins(comparison):
        yield from under(line, "", 0, width)
    for question, differences in _by_question(comparison):
        yield []
        yield from under(wording.legible(question), "bold", 0, width)
        for difference in differences:
            for label, value in (("before", difference.before), ("after", difference.after)):
                yield from under(f"{difference.aspect} {label}: {wording.legible(value) or NOTHING}", "", 2, width)
