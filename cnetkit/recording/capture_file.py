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


PROBES = {"fentry", "fexit", "kprobe", "kretprobe", "raw_tracepoint", "tp_btf", "tracepoint", "uprobe", "usdt", "xdp"}
"""What tracers write before a slash where an interface's name stands: a kind of probe, and no node."""
LONGEST_INTERFACE = 15
"""Letters of an interface's name (IFNAMSIZ less one)."""


def tap_name(name: str, node: str, number: int, ours: bool = False) -> tuple[str, str]:
    """(node, interface) of an interface called `name` in a file; in one of `ours` it is always `node/ifname`.

    `node/ifname` is taken apart where the second part can be an interface's name; any other name is an interface of `node`,
    with its slashes.
    """
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}…{number}"
    before, slash, interface = name.rpartition("/")
    if ours:
        return before or node, interface or f"if{number}"
    is_node = bool(before) and before not in PROBES and "/" not in before
    if slash and is_node and len(interface.encode()) <= LONGEST_INTERFACE and not set(interface) & set(": \t"):
        return before, interface or f"if{number}"
    return node, name or f"if{number}"
