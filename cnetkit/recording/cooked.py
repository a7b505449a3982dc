"""Takes `tcpdump -i any` captures apart: one tap for each interface that the frames' own headers name.

LINUX_SLL2 headers carry the interface's index and the packet type, LINUX_SLL headers the packet type only
(https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html and LINKTYPE_LINUX_SLL.html). The bytes stay as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnetkit.recording.frames import IN, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, OUT, UNKNOWN, Frames, Tap

PACKET_OUTGOING = 4
"""packet(7), sll_pkttype: sent by this node, and seen on the way out."""


def split(frames: Frames) -> Frames:
    """The same frames; those of a cooked tap have a direction, and with LINUX_SLL2 a tap `ifINDEX` of the same node."""
    linktypes = np.array([tap.linktype for tap in frames.taps], np.int64)
    if not np.isin(linktypes, (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2)).any():
        return frames
    linktype = linktypes[frames.tap]
    second = (linktype == LINKTYPE_LINUX_SLL2) & (frames.captured >= 20)
    first = (linktype == LINKTYPE_LINUX_SLL) & (frames.captured >= 16)
    packet_type = np.where(second, frames.start + 10, np.where(first, frames.start + 1, 0))
    seen = np.where(frames.data[packet_type] == PACKET_OUTGOING, OUT, IN) if len(frames) else frames.direction
    direction = np.where((first | second) & (frames.direction == UNKNOWN), seen, frames.direction).astype(np.uint8)

    rows = np.flatnonzero(second)
    index = frames.data[frames.start[rows][:, None] + np.arange(4, 8)].view(">u4").ravel().astype(np.int64)
    pairs, which = np.unique(frames.tap[rows].astype(np.int64) << 32 | index, return_inverse=True)
    used = np.unique(frames.tap[~second]).tolist()
    kept = [tap for number, tap in enumerate(frames.taps) if tap.linktype != LINKTYPE_LINUX_SLL2 or number in used]
    found = [
        Tap(frames.taps[pair >> 32].node, f"if{pair & 0xFFFFFFFF}", LINKTYPE_LINUX_SLL2) for pair in pairs.tolist()
    ]
    taps = {tap: number for number, tap in enumerate(dict.fromkeys([*kept, *found]))}
    tap = np.array([taps.get(tap, 0) for tap in frames.taps], np.int32)[frames.tap]
    tap[rows] = np.array([taps[new] for new in found], np.int32)[which]
    return replace(frames, taps=tuple(taps), tap=tap, direction=direction)
