"""SHOW: a trace as text, tables and pictures. Pure functions from a trace to text; the terminal alone is printed to.

Importing this room tells Trace how it is shown, so that the engine needs no import of a view.
"""

from cnetkit.trace.trace import Trace
from cnetkit.view.notebook import html, page
from cnetkit.view.svg import ladder
from cnetkit.view.terminal import print_trace, text

Trace.views.update({"text/plain": text, "text/html": html})

__all__ = ["html", "ladder", "page", "print_trace", "text"]
