"""SHOW: a trace as text, tables and pictures. Pure functions from a trace to text; the terminal alone is printed to.

Importing this room tells Trace, Flow and Journey how they are shown, so that the engine needs no import of a view.
"""

from cnetkit.trace.flow import Flow
from cnetkit.trace.journey import Journey
from cnetkit.trace.report.comparison import Comparison
from cnetkit.trace.trace import Trace
from cnetkit.view import comparison
from cnetkit.view.display import show
from cnetkit.view.notebook import flow_html, html, journey_html
from cnetkit.view.page import page
from cnetkit.view.plots import Plots
from cnetkit.view.svg import ladder
from cnetkit.view.terminal import flow_text, journey_text, print_trace, text

Trace.views.update({"text/plain": text, "text/html": html, "page": page})
Trace.displays.update({"notebook": show, "plot": Plots})
Flow.views.update({"text/plain": flow_text, "text/html": flow_html})
Comparison.views.update({"text/plain": comparison.text, "text/html": comparison.html})
Journey.views.update({"text/plain": journey_text, "text/html": journey_html})

__all__ = ["html", "ladder", "page", "print_trace", "text"]
