"""The browser's side as texts: the viewer's modules in one, vis-network before them, and the style sheet.

The modules stand in static/ as a browser would load them; here each becomes a closure, so that one file needs no loader.
Nothing is built beforehand and nothing is fetched.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from cnetkit.view.graph import library
from cnetkit.view.theme import colours

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:class|function|const) (\w+))", re.MULTILINE)


@cache
def script(entry: str) -> str:
    """One module that begins with `entry`, `page` or `widget`; vis-network is `vis` in it."""
    vis = f"const vis = (() => {{ const exports = {{}}, module = {{ exports }};\n{library()}\nreturn exports; }})();\n"
    *modules, last = _needed(entry)
    parts = [_closure(name) for name in modules]
    return vis.replace("\r\n", "\n") + "".join(parts) + _imported(_text(last))


@cache
def style() -> str:
    """The style sheet with its colours."""
    return colours(".cnetkit-viewer") + "\n" + _text("viewer.css")


def _text(name: str) -> str:
    return (STATIC / (name if "." in name else f"{name}.js")).read_text(encoding="utf-8")


def _needed(name: str) -> list[str]:
    """The modules that `name` imports, what they need first, and itself last."""
    found: dict[str, None] = {}

    def visit(module: str) -> None:
        for _, other in IMPORT.findall(_text(module)):
            if other not in found:
                visit(other)
        found[module] = None

    visit(name)
    return list(found)


def _closure(name: str) -> str:
    text = _text(name)
    exported = ", ".join(EXPORT.findall(text))
    return f"const ${name} = (() => {{\n{EXPORT.sub('', _imported(text))}return {{ {exported} }};\n}})();\n"


def _imported(text: str) -> str:
    return IMPORT.sub(r"const \1 = $\2;\n", text)
