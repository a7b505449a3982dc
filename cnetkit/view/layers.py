"""One frame's layers as plain data: each with its name, the bytes it takes, and its fields in words.

scapy takes the frame apart (recording/dissect.py); here its layers are read off. Hostile bytes never raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnetkit.recording.dissect import dissect
from cnetkit.view.wording import legible

if TYPE_CHECKING:
    from cnetkit.recording.frames import Frames

LONGEST = 120
"""Letters of a field's value; the bytes beside it are whole."""
Layer = list[Any]
"""`[name, first byte, bytes, [[field, value], ...]]`."""


def layers(frames: Frames, number: int) -> list[Layer]:
    """The layers of frame `number`, outermost first. IndexError where there is no such frame."""
    found: list[Layer] = []
    start, end = 0, int(frames.captured[number])
    layer: Any = dissect(frames, number)  # a scapy packet
    while layer and layer.name != "NoPayload":
        taken = len(layer.raw_packet_cache or b"") or (end - start if not layer.payload else 0)
        found.append([legible(str(layer.name)), start, min(taken, end - start), _fields(layer)])
        start = min(start + taken, end)
        layer = layer.payload
    return found


def _fields(layer: Any) -> list[list[str]]:  # noqa: ANN401 - scapy is not imported here
    said = []
    for field in layer.fields_desc:
        if field.name in layer.fields:
            try:
                value = str(field.i2repr(layer, layer.fields[field.name]))
            except Exception:  # whatever a field's own wording trips over
                value = repr(layer.fields[field.name])
            said.append([legible(field.name), _cut(legible(value))])
    return said


def _cut(said: str) -> str:
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
