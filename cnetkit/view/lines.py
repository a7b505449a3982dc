"""Lines of a terminal: text folded to a width and put side by side. Knows columns and styles, no packets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from textwrap import wrap

Line = list[tuple[str, str]]
"""Pieces of text, each with the name of a style."""
Cell = Sequence[tuple[str, str]]
"""Lines of one column before they are folded, each with its style."""
SPACE = 2
"""Spaces between two columns."""


@lru_cache(maxsize=8192)
def fold(text: str, width: int) -> tuple[str, ...]:
    """`text` in lines of at most `width` columns; nothing is cut off."""
    if text.isascii() or cells(text) == len(text):
        return tuple(wrap(text, width, break_on_hyphens=False)) or ("",)
    from rich.cells import chop_cells

    return tuple(chop_cells(text, width)) or ("",)


def cells(text: str) -> int:
    """How many columns `text` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def beside(row: Sequence[Cell], widths: Sequence[int], right: Sequence[int] = ()) -> Iterator[Line]:
    """The cells of a row side by side, each folded to its width; columns in `right` are right-aligned."""
    folded = [
        [(part, style) for text, style in cell for part in fold(text, width)]
        for cell, width in zip(row, widths, strict=True)
    ]
    for parts in zip_longest(*folded, fillvalue=("", "")):
        line: Line = []
        for at, ((text, style), width) in enumerate(zip(parts, widths, strict=True)):
            blank = " " * (width - cells(text))
            if at in right:
                line += [(blank, ""), (text, style)]
            else:
                line += [(text, style), (blank, "")]
            line.append((" " * SPACE, ""))
        yield trimmed(line)


def under(text: str, style: str, indent: int, width: int) -> Iterator[Line]:
    """`text` folded, each line after `indent` spaces."""
    return ([(" " * indent, ""), (part, style)] for part in fold(text, width - indent))


def trimmed(line: Line) -> Line:
    """A line without trailing spaces."""
    while line and not line[-1][0].strip():
        line.pop()
    return line
