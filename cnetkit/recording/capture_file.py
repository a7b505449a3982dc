"""What a reader of one file format hands over: the frames, what rode along with them, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.model import Loss
from cnetkit.recording.frames import Frames


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """The content of one capture file, before anything is made of what rode along."""

    frames: Frames
    metadata: tuple[bytes, ...] = ()
    """What cnetkit itself saved beside the frames, one for each section of the file (see metadata.py)."""
    losses: tuple[Loss, ...] = ()
    """What the capturing program said it lost."""
    warnings: tuple[str, ...] = ()
    """One sentence, with a byte offset, for each part that could not be read."""


LONGEST_NAME = 128
MOST_INTERFACES = 1 << 14
MOST_FRAMES = 1 << 24
"""What of a file is kept: a small hostile one could otherwise fill the memory."""


def tap_name(name: str, node: str, number: int) -> tuple[str, str]:
    """(node, interface) of an interface called `name` in a file: `node/ifname` is taken apart, else it is `node`'s."""
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}…{number}"
    before, _, interface = name.rpartition("/")
    return (before or node), (interface or f"if{number}")
