"""Reads classic pcap files: microseconds or nanoseconds, either byte order.

Source: the IETF draft "PCAP Capture File Format" (draft-ietf-opsawg-pcap). It writes none: a recording needs pcapng.
"""

from __future__ import annotations

import struct
from array import array

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.capture import MOST_FRAMES, Capture, tap_name
from cnetkit.recording.frames import UNKNOWN, Frames, Tap

MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""The file's first bytes: its byte order, and the nanoseconds in a tick."""
LONGEST = 1 << 26
"""No packet of any tool is longer: a length above it is taken for damage."""


def read(data: NDArray[np.uint8], node: str, interface: str = "") -> Capture:
    """The capture in `data`, which begins with one of MAGICS. The format names no interface and no direction."""
    order, tick = MAGICS[data[:4].tobytes()]
    linktype = struct.unpack_from(order + "I", data.data, 20)[0] & 0xFFFF if len(data) >= 24 else 0
    tap = Tap(*tap_name(interface, node, 0), linktype)
    at, stopped = _walk(data, order)
    heads = data[at[:, None] + np.arange(16)].view(order + "u4").reshape(len(at), 4)
    seconds, ticks, captured, length = (column.astype(np.int64) for column in heads.T)
    frames = Frames(
        taps=(tap,),
        tap=np.zeros(len(at), np.int32),
        direction=np.full(len(at), UNKNOWN, np.uint8),
        time_ns=seconds * 10**9 + ticks * tick,
        start=at + 16,
        captured=captured.astype(np.int32),
        length=np.minimum(length, 0x7FFFFFFF).astype(np.int32),
        data=data,
    )
    told: tuple[str, ...] = ()
    if len(at) == MOST_FRAMES:
        told = (f"only the first {MOST_FRAMES:,} packets, up to byte {stopped}, were read",)
    elif stopped != len(data):
        told = (f"the packet at byte {stopped} is damaged or cut short: nothing was read from there on",)
    return Capture(frames, warnings=told)


def _walk(data: NDArray[np.uint8], order: str) -> tuple[NDArray[np.int64], int]:
    """The offsets of the whole packet records, MOST_FRAMES at most, and where that ended."""
    offsets = array("q")
    add = offsets.append
    size = struct.Struct(order + "8xI").unpack_from
    view = data.data
    at, last = 24, len(data) - 16
    while at <= last and len(offsets) < MOST_FRAMES:
        (captured,) = size(view, at)
        after = at + 16 + captured
        if captured > LONGEST or after > len(data):
            break
        add(at)
        at = after
    return np.frombuffer(offsets, np.int64), min(at, len(data)) if len(data) >= 24 else 0
