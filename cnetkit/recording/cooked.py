"""Splits `tcpdump -i any` captures into one tap for each interface that the frames' own headers name.

LINUX_SLL2 headers contain the interface's index and the packet type, LINUX_SLL headers the packet type only
(https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html and LINKTYPE_LINUX_SLL.html). The frames do not change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.capture_file import MOST_INTERFACES
from cnetkit.recording.frames import IN, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, OUT, UNKNOWN, Frames

Rows = NDArray[np.int64]

PACKET_OUTGOING = 4
"""packet(7), sll_pkttype: sent by this node, and captured on the way out."""
LOOPBACK = 772
"""ARPHRD_LOOPBACK (linux/if_arp.h)."""


def split(frames: Frames) -> Frames:
    """The same frames; those of a cooked tap get a direction, and with LINUX_SLL2 a tap of their own node.

    The tap is called `ifINDEX`, or `lo`: a header contains its interface's number and type, but not its name.
    Interfaces beyond MOST_INTERFACES stay together.
    """
    linktypes = np.array([tap.linktype for tap in frames.taps], np.int64)
    if not np.isin(linktypes, (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2)).any():
        return frames
    linktype = linktypes[frames.tap]
    second = (linktype == LINKTYPE_LINUX_SLL2) & (frames.captured >= 20)
    first = (linktype == LINKTYPE_LINUX_SLL) & (frames.captured >= 16)
    direction = frames.direction.copy()
    for kind, place in ((first, 1), (second, 10)):
        rows = np.flatnonzero(kind & (direction == UNKNOWN))
        direction[rows] = np.where(frames.data[frames.start[rows] + place] == PACKET_OUTGOING, OUT, IN)

    rows = np.flatnonzero(second)
    header = frames.data[frames.start[rows][:, None] + np.arange(4, 10)]
    index = header[:, :4].copy().view(">u4").ravel().astype(np.int64)
    pairs, which = np.unique(frames.tap[rows].astype(np.int64) << 32 | index, return_inverse=True)
    rows, pairs, which, header = _at_most(MOST_INTERFACES, rows, pairs, which, header)
    is_lo = np.bincount(which, header[:, 4] * 256 + header[:, 5] != LOOPBACK, len(pairs)) == 0
    alone = np.ones(len(frames), np.bool_)
    alone[rows] = False
    used = np.unique(frames.tap[alone]).tolist()
    kept = [tap for number, tap in enumerate(frames.taps) if tap.linktype != LINKTYPE_LINUX_SLL2 or number in used]
    parts = [
        replace(frames.taps[pair >> 32], interface="lo" if lo else f"if{pair & 0xFFFFFFFF}")
        for pair, lo in zip(pairs.tolist(), is_lo.tolist(), strict=True)
    ]
    taps = {tap: number for number, tap in enumerate(dict.fromkeys([*kept, *parts]))}
    tap = np.array([taps.get(tap, 0) for tap in frames.taps], np.int32)[frames.tap]
    tap[rows] = np.array([taps[new] for new in parts], np.int32)[which]
    return replace(frames, taps=tuple(taps), tap=tap, direction=direction)


def _at_most(most: int, rows: Rows, pairs: Rows, which: Rows, header: NDArray[np.uint8]) -> tuple[Any, ...]:
    """Only the first `most` pairs, and the rows that belong to them."""
    keep = which < most
    return rows[keep], pairs[:most], which[keep], header[keep].astype(np.int64)
