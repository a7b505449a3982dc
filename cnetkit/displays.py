"""The only door to how things are shown: names the display of each thing, and loads it at first use.

Draws nothing itself, and imports no view before one is needed. So a trace can be made, saved and searched without any
view, and every trace can be shown.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

Display = Callable[..., Any]


class Displays(MutableMapping[str, Display]):
    """Displays by name. Each is a function, or, until it is first looked up, its location `module:name`."""

    def __init__(self, **homes: Display | str) -> None:
        self._homes: dict[str, Display | str] = {MIME.get(name, name): home for name, home in homes.items()}

    def __getitem__(self, name: str) -> Display:
        home = self._homes[name]
        if isinstance(home, str):
            module, _, function = home.partition(":")
            home = self._homes[name] = getattr(importlib.import_module(module), function)
        return home

    def __setitem__(self, name: str, display: Display) -> None:
        self._homes[name] = display

    def __delitem__(self, name: str) -> None:
        del self._homes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


MIME = {"text": "text/plain", "html": "text/html"}

TRACE_VIEWS = Displays(
    text="cnetkit.view.terminal:text", html="cnetkit.view.notebook:html", page="cnetkit.view.page:page"
)
TRACE_DISPLAYS = Displays(
    notebook="cnetkit.view.display:show", plot="cnetkit.view.plots:Plots", terminal="cnetkit.view.terminal:print_trace"
)
FLOW_VIEWS = Displays(text="cnetkit.view.terminal:flow_text", html="cnetkit.view.notebook:flow_html")
JOURNEY_VIEWS = Displays(text="cnetkit.view.terminal:journey_text", html="cnetkit.view.notebook:journey_html")
COMPARISON_VIEWS = Displays(text="cnetkit.view.comparison:text", html="cnetkit.view.comparison:html")


def mime_bundle(thing: object, views: Displays) -> dict[str, str]:
    """The views of a thing by MIME type, as IPython asks for them."""
    return {"text/plain": repr(thing)} | {kind: view(thing) for kind, view in views.items() if "/" in kind}
