"""The browser side as text: the viewer's modules in one, vis-network before them, and the style sheet.

The modules in static/ are written as a browser would load them; here each becomes a closure, so that one file needs no
loader. Nothing is built in advance and nothing is fetched.
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
    """One module that starts with `entry`, `page` or `widget`; vis-network is `vis` in it."""
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
    """The modules that `name` imports, their own imports first, and itself last."""
    needed: dict[str, None] = {}

    def visit(module: str) -> None:
        for _, imported in IMPORT.findall(_text(module)):
            if imported not in needed:
                visit(imported)
        needed[module] = None

    visit(name)
    return list(needed)


def _closure(name: str) -> str:
    text = _text(name)
    exported = ", ".join(EXPORT.findall(text))
    return f"const ${name} = (() => {{\n{EXPORT.sub('', _imported(text))}return {{ {exported} }};\n}})();\n"


def _imported(text: str) -> str:
    return IMPORT.sub(r"const \1 = $\2;\n", text)
