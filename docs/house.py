"""Draws docs/house.svg, the rooms of the package, from the import contracts in pyproject.toml and the rooms' own first lines.

A room may import those below it. `make house` draws it anew, and a test says when that is due.
"""

import ast
import textwrap
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH, GAP, LINE, LETTER = 1120, 8, 15, 6.4
STYLE = """
.house{font-family:ui-sans-serif,system-ui,'DejaVu Sans',sans-serif;font-size:12px;background:#fff}
.house .room{fill:#eef3f9;stroke:#c5ced9}.house .part{fill:#fff;stroke:#c5ced9}
.house text{fill:#1b2430}.house .name{font-weight:600;font-size:13px}.house .soft{fill:#566170}
"""


def layers(container: str) -> list[list[str]]:
    """The layers of one import contract, the top one first: the rooms of each."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    for contract in contracts:
        if contract.get("containers") == [container]:
            return [[name.strip(" ()") for name in layer.replace(":", "|").split("|")] for layer in contract["layers"]]
    return []


def first_line(room: str) -> str:
    """What a room says of itself: the first sentence of its docstring."""
    path = ROOT.joinpath("cnetkit", *room.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    said = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return said.split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")


def text(x: float, y: float, words: str, kind: str) -> str:
    """One line of text."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def room(name: str, x: float, y: float, width: float) -> tuple[str, float]:
    """A room with its name, its first line and its parts; and its height."""
    lines = textwrap.wrap(first_line(name), int((width - 20) / LETTER))
    drawn = [text(x + 10, y + 19, name, "name")]
    drawn += [text(x + 10, y + 36 + LINE * at, line, "soft") for at, line in enumerate(lines)]
    height = 36 + LINE * len(lines)
    inside = [" · ".join(layer) for layer in layers(f"cnetkit.{name}")]
    left, top = x + 10, y + height
    for part in inside:
        size = len(part) * 6.2 + 16
        if left + size > x + width - 6 and left > x + 10:
            left, top = x + 10, top + 28
        drawn.append(f'<rect class="part" x="{left:g}" y="{top - 8:g}" width="{size:g}" height="22" rx="4"/>')
        drawn.append(text(left + 7, top + 7, part, "soft"))
        left += size + 6
    height = top - y + 24 if inside else height - 6
    return "".join(drawn), height


def picture() -> str:
    """The whole house as SVG."""
    parts: list[str] = []
    y = float(GAP)
    for layer in layers("cnetkit"):
        names = [name for name in layer if name != "__main__"]
        if not names:
            continue
        width = (WIDTH - GAP * (len(names) + 1)) / len(names)
        places = [GAP + at * (width + GAP) for at in range(len(names))]
        drawn = [room(name, x, y, width) for name, x in zip(names, places, strict=True)]
        height = max(tall for _, tall in drawn)
        for (inside, _), x in zip(drawn, places, strict=True):
            parts.append(
                f'<rect class="room" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>{inside}'
            )
        y += height + GAP
    title = "<title>The rooms of cnetkit: each may import those below it</title>"
    box = f'viewBox="0 0 {WIDTH} {y:g}" width="{WIDTH}" height="{y:g}"'
    body = "\n".join(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="house" role="img" {box}>{title}<style>{STYLE}</style>'
    return f"{head}\n{body}\n</svg>\n"


if __name__ == "__main__":
    (ROOT / "docs" / "house.svg").write_text(picture(), encoding="utf-8")
