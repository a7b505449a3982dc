"""Displays in a notebook: first a still picture with text, which every reader of the file sees, then the viewer over it.

The viewer hides the still picture while it lives. A reopened notebook shows the still one alone.
"""

from __future__ import annotations

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
"""In a reopened notebook JupyterLab says in the viewer's place that its model was not found; the still picture is enough."""


def show(trace: Trace) -> None:
    """Displays a trace; one whose capture still runs is followed until it ends.

    Layers come when they are looked at: scapy, which takes them apart, takes a second to load, and nobody waits for that
    before the first packet moves.
    """
    if trace.running:
        _follow(trace)
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
    """Displays a journey where viewers live, and there the packet on its way to that hop; elsewhere nothing."""
    if not viewers():
        return
    from cnetkit.view.widget import Viewer

    trace = journey.trace
    name = still(journey_text(journey), journey_html(journey))
    publish(Viewer(scene.of_hop(trace, hop.frame), name, lambda frame: layers(trace.recording.frames, frame)))


def _follow(trace: Trace) -> None:
    said = f"{trace!r} It was still running here: display it again for its picture."
    name = still(said, f"<p>{escape(said)}</p>")
    if viewers():
        from cnetkit.view.live import follow
        from cnetkit.view.widget import Viewer

        viewer = Viewer(scene.of_part(trace), name, lambda frame: layers(trace.recording.frames, frame))
        publish(viewer)
        follow(trace, viewer)


def still(plain: str, markup: str) -> str:
    """Displays what stays in the file, and gives back the name by which the viewer finds it."""
    name = uuid4().hex
    framed = f'<div class="cnetkit-still" data-cnetkit="{name}"><style>{STYLE}</style>{markup}</div>'
    publish({"text/plain": plain, "text/html": framed})
    return name


def publish(what: object) -> None:
    """Displays a MIME bundle, or an object that knows its own."""
    from IPython.display import display

    display(what, raw=isinstance(what, dict))  # type: ignore[no-untyped-call]


def viewers() -> bool:
    """Whether a viewer can live here: in a notebook's kernel, with anywidget installed."""
    from IPython.core.getipython import get_ipython

    return find_spec("anywidget") is not None and hasattr(get_ipython(), "kernel")
