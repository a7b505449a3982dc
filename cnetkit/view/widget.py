"""The viewer as a notebook widget: a thin shell around the scene. Imported when something is displayed.

Messages from the browser: `here` and `gone` (a picture appeared, disappeared), `look` (at a frame, answered by
`layers`) and `chosen` (where the cursor is). The browser selects, and never commands. To the browser: `layers` and
`counts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import anywidget
import traitlets

from cnetkit.view import bundle
from cnetkit.view.layers import Layer
from cnetkit.view.scene import Scene, encode

Look = Callable[[int], list[Layer]]


class Viewer(anywidget.AnyWidget):
    """One viewer. `look` returns the layers of a frame; `still` is the name of the static picture it replaces."""

    _esm = bundle.script("widget")
    _css = bundle.style()
    scene = traitlets.Unicode().tag(sync=True)
    fallback = traitlets.Unicode().tag(sync=True)
    chosen = traitlets.Int(-1)
    """The number of the selected frame, or -1."""
    _kinds: ClassVar[dict[str, str]] = {"look": "_look", "chosen": "_choose", "here": "_here", "gone": "_gone"}

    def __init__(self, scene: Scene, still: str, look: Look | None = None) -> None:
        super().__init__(scene=encode(scene).decode(), fallback=still)
        self._layers, self._shown = look, -1
        self.on_msg(self._received)

    def draw(self, scene: Scene) -> None:
        """Shows another scene."""
        self.scene = encode(scene).decode()

    def _received(self, _: object, message: object, __: object) -> None:
        if isinstance(message, dict) and (method := self._kinds.get(str(message.get("is")))):
            getattr(self, method)(message.get("frame"))

    def _look(self, frame: object) -> None:
        if isinstance(frame, int) and self._layers is not None:
            try:
                layers: list[Layer] = self._layers(frame)
            except IndexError:
                layers = []
            self.send({"is": "layers", "frame": frame, "layers": layers})

    def _choose(self, frame: object) -> None:
        if isinstance(frame, int):
            self.chosen = frame

    def _here(self, _: object) -> None:
        self._shown = max(self._shown, 0) + 1

    def _gone(self, _: object) -> None:
        self._shown = max(self._shown - 1, 0)

    @property
    def looked_at(self) -> bool:
        """Whether a picture of it is visible on a screen, as far as is known."""
        return self._shown != 0

    def __repr__(self) -> str:
        return "(the viewer: it moves while its notebook's kernel runs)"
