"""What a reader of one file format hands over: the frames, what rode along with them, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.model import Loss
from cnetkit.recording.frames import Frames


@dataclass(frozen=True, slots=True)
class Capture:
    """The content of one capture file, before anything is made of what rode along."""

    frames: Frames
    attachments: tuple[bytes, ...] = ()
    """What cnetkit itself saved beside the frames, one for each section of the file (see attachment.py)."""
    losses: tuple[Loss, ...] = ()
    """What the capturing program said it lost."""
    warnings: tuple[str, ...] = ()
    """One sentence, with a byte offset, for each part that could not be read."""


def tap_name(name: str, node: str, number: int) -> tuple[str, str]:
    """(node, interface) of an interface called `name` in a file: `node/ifname` is taken apart, else it is `node`'s."""
    before, slash, interface = name.rpartition("/")
    return (before if slash else node), (interface or f"if{number}")
