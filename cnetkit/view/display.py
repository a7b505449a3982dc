"""Displays in a notebook: first a static picture with text, which stays in the file, then the viewer over it.

The viewer hides the static picture while it is alive. A reopened notebook shows the static picture only.
For a web page (CNETKIT_SHOW is `page`) the scene is beside the static picture, and the page's own script draws it.
"""

from __future__ import annotations

import os
from html import escape
from importlib.util import find_spec
from uuid import uuid4

from cnetkit.model import Hop
from cnetkit.trace.journey import Journey
from cnetkit.trace.trace import Trace
from cnetkit.view import scene
from cnetkit.view.layers import layers
from cnetkit.view.notebook import html, journey_html
from cnetkit.view.terminal import journey_text, text

STYLE = """
.jp-OutputArea-child:has(.cnetkit-still:not([hidden]))+.jp-OutputArea-child:has(>.jupyter-widgets){display:none}
"""
"""In a reopened notebook JupyterLab shows an error in the viewer's place; it is hidden, the static picture is enough."""
ON_PAGE: list[Trace] = []
"""The traces that were displayed for a web page: their places are the pictures' numbers."""


def show(trace: Trace) -> None:
    """Displays a trace. A running capture is followed until it ends.

    Layers are computed on request: scapy takes a second to load, and the first packet moves before that.
    """
    if trace.running:
        _follow(trace)
        return
    if for_page():
        ON_PAGE.append(trace)
        embed(scene.of_trace(trace), text(trace), html(trace), len(ON_PAGE) - 1)
        return
    name = still(text(trace), html(trace))
    if viewers():
        from cnetkit.view.widget import Viewer

        publish(
            Viewer(
                scene.of_trace(trace, layers_of=0, on_request=True),
                name,
                lambda frame: layers(trace.recording.frames, frame),
            )
        )


def show_hop(journey: Journey, hop: Hop) -> None:
    """In a notebook, displays a journey with the cursor at that hop; elsewhere nothing."""
    if not viewers():
        return
    from cnetkit.view.widget import Viewer

    trace = journey.trace
    name = still(journey_text(journey), journey_html(journey))
    publish(Viewer(scene.of_hop(trace, hop.frame), name, lambda frame: layers(trace.recording.frames, frame)))


def _follow(trace: Trace) -> None:
    text = f"{trace!r} It was still running here: display it again for its picture."
    name = still(text, f"<p>{escape(text)}</p>")
    if viewers():
        from cnetkit.view.live import follow
        from cnetkit.view.widget import Viewer

        viewer = Viewer(scene.of_part(trace), name, lambda frame: layers(trace.recording.frames, frame))
        publish(viewer)
        follow(trace, viewer)


def still(plain: str, markup: str) -> str:
    """Displays the part that stays in the file, and returns the name by which the viewer finds it."""
    name = uuid4().hex
    framed = f'<div class="cnetkit-still" data-cnetkit="{name}"><style>{STYLE}</style>{markup}</div>'
    publish({"text/plain": plain, "text/html": framed})
    return name


def embed(drawn: scene.Scene, plain: str, markup: str, number: int = -1) -> None:
    """Displays a scene for a web page (static/site.js), with the static picture for readers without scripts."""
    framed = (
        f'<div class="cnetkit-picture" data-trace="{number}"><script type="application/json">{scene.for_html(drawn)}</script>'
        f'<div class="cnetkit-still">{markup}</div></div>'
    )
    publish({"text/plain": plain, "text/html": framed})


def for_page() -> bool:
    """Whether outputs become part of a web page, where no kernel runs."""
    return os.environ.get("CNETKIT_SHOW") == "page"


def publish(what: object) -> None:
    """Displays a MIME bundle, or an object that has its own display."""
    from IPython.display import display

    display(what, raw=isinstance(what, dict))  # type: ignore[no-untyped-call]


def viewers() -> bool:
    """Whether a viewer can run here: in a notebook's kernel, with anywidget installed."""
    from IPython.core.getipython import get_ipython

    return not for_page() and find_spec("anywidget") is not None and hasattr(get_ipython(), "kernel")
