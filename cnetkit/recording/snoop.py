"""Reads snoop files, the capture format of Solaris. Source: RFC 1761. Not written."""

from __future__ import annotations

import struct
from array import array

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Loss
from cnetkit.recording.capture_file import MOST_FRAMES, CaptureFile, tap_name
from cnetkit.recording.frames import UNKNOWN, Frames, Tap

MAGIC = b"snoop\0\0\0"
LINKTYPES = {0: 1, 2: 6, 4: 1, 8: 10, 26: 1}
"""Datalink types as link types: IEEE 802.3, token ring, Ethernet, FDDI; 26 is IP over InfiniBand's Ethernet emulation."""
HEAD = 24


def read(data: NDArray[np.uint8], node: str, interface: str = "") -> CaptureFile:
    """The capture in `data`, which begins with MAGIC. The format names no interface and no direction."""
    kind = struct.unpack_from(">I", data.data, 12)[0] if len(data) >= 16 else 4
    tap = Tap(*tap_name(interface, node, 0), LINKTYPES.get(kind, 147))
    at, stopped = _walk(data)
    heads = data[at[:, None] + np.arange(HEAD)].view(">u4").reshape(len(at), 6).astype(np.int64)
    length, captured, _, drops, seconds, micro = heads.T
    frames = Frames(
        taps=(tap,),
        tap=np.zeros(len(at), np.int32),
        direction=np.full(len(at), UNKNOWN, np.uint8),
        time_ns=seconds * 10**9 + micro * 1000,
        start=at + HEAD,
        captured=captured.astype(np.int32),
        length=np.minimum(length, 0x7FFFFFFF).astype(np.int32),
        data=data,
    )
    lost = int(drops[-1]) if len(at) else 0
    warnings = [f"the packet at byte {stopped} is damaged or truncated: the rest was not read"]
    return CaptureFile(
        frames,
        losses=(Loss(tap.node, "frames", lost),) if lost else (),
        warnings=tuple(warnings if stopped < len(data) else ()),
    )


def _walk(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], int]:
    """The offsets of the complete records, and where they ended."""
    offsets = array("q")
    view, at = data.data, 16
    while at + HEAD <= len(data) and len(offsets) < MOST_FRAMES:
        captured, record = struct.unpack_from(">4xII", view, at)
        if record < HEAD + captured or at + record > len(data):
            break
        offsets.append(at)
        at += record
    return np.frombuffer(offsets, np.int64), min(at, len(data))
