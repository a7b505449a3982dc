"""SHOW: a trace as text, tables and pictures. Pure functions from a trace to text; the terminal alone is printed to."""

from collections.abc import Callable

from cnetkit.view.notebook import html, page
from cnetkit.view.svg import ladder
from cnetkit.view.terminal import print_trace, text
from cnetkit.view.traced import Trace

VIEWS: dict[str, Callable[[Trace], str]] = {"text/plain": text, "text/html": html}
"""How a trace shows itself, by MIME type: `Trace.views.update(VIEWS)`."""

__all__ = ["VIEWS", "html", "ladder", "page", "print_trace", "text"]
