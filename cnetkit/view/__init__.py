"""Shows a trace as text, tables and pictures. Pure functions from a trace to text; only print_trace prints.

Traces, flows, journeys and comparisons find their displays through cnetkit.displays, so users need not import this package.
"""

from cnetkit.view.notebook import html
from cnetkit.view.page import page
from cnetkit.view.svg import ladder
from cnetkit.view.terminal import print_trace, text

__all__ = ["html", "ladder", "page", "print_trace", "text"]
