"""One frame's layers as plain data: the name of each, its octets, and its fields as text.

scapy dissects the frame (recording/dissect.py); the result is read here. Hostile frames raise nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnetkit.recording.dissect import dissect
from cnetkit.view.wording import legible

if TYPE_CHECKING:
    from cnetkit.recording.frames import Frames

LONGEST = 120
"""The most characters of a field's value; the octets beside it are complete."""
Layer = list[Any]
"""`[name, first octet, octets, [[field, value], ...]]`."""


def layers(frames: Frames, number: int) -> list[Layer]:
    """The layers of frame `number`, outermost first. IndexError if there is no such frame."""
    stack: list[Layer] = []
    start, end = 0, int(frames.captured[number])
    layer: Any = dissect(frames, number)  # a scapy packet
    while layer and layer.name != "NoPayload":
        taken = len(layer.raw_packet_cache or b"") or (end - start if not layer.payload else 0)
        stack.append([legible(str(layer.name)), start, min(taken, end - start), _fields(layer)])
        start = min(start + taken, end)
        layer = layer.payload
    return stack


def _fields(layer: Any) -> list[list[str]]:  # noqa: ANN401 - scapy is not imported here
    fields = []
    for field in layer.fields_desc:
        if field.name in layer.fields:
            try:
                value = str(field.i2repr(layer, layer.fields[field.name]))
            except Exception:  # a field's own formatting may fail in any way
                value = repr(layer.fields[field.name])
            fields.append([legible(field.name), _cut(legible(value))])
    return fields


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
