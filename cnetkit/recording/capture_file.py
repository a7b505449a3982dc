"""The result of reading one capture file: its frames, its metadata, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.model import Loss
from cnetkit.recording.frames import Frames


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """The content of one capture file, before its metadata is interpreted."""

    frames: Frames
    metadata: tuple[bytes, ...] = ()
    """The metadata saved by cnetkit, one for each section of the file (see metadata.py)."""
    losses: tuple[Loss, ...] = ()
    """Losses reported by the capturing program."""
    warnings: tuple[str, ...] = ()
    """One sentence, with a byte offset, for each part that could not be read."""


LONGEST_NAME = 128
MOST_INTERFACES = 1 << 14
MOST_FRAMES = 1 << 23
"""Limits, so that a small hostile file cannot fill the memory."""


PROBES = {"fentry", "fexit", "kprobe", "kretprobe", "raw_tracepoint", "tp_btf", "tracepoint", "uprobe", "usdt", "xdp"}
"""Kinds of probes that tracers write before a slash in an interface name; they are not nodes."""
LONGEST_INTERFACE = 15
"""Characters of an interface name (IFNAMSIZ minus one)."""


def tap_name(name: str, node: str, number: int, ours: bool = False) -> tuple[str, str]:
    """(node, interface) of an interface called `name` in a file; in one of `ours` it is always `node/ifname`.

    `node/ifname` is split if the second part can be an interface name; any other name is an interface of `node`, with its
    slashes.
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
