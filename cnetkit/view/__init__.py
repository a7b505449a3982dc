"""SHOW: a trace as text, tables and pictures. Pure functions from a trace to text; the terminal alone is printed to.

Traces, flows, journeys and comparisons find their displays by cnetkit.displays, without importing this room before.
"""

from cnetkit.view.notebook import html
from cnetkit.view.page import page
from cnetkit.view.svg import ladder
from cnetkit.view.terminal import print_trace, text

__all__ = ["html", "ladder", "page", "print_trace", "text"]
