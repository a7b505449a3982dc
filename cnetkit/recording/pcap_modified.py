"""Reads Kuznetsov's modified pcap files, in which each record names its interface and packet type.

Written by the libpcap of some old Linux distributions. Source: wiretap/libpcap.c of Wireshark (struct
pcaprec_modified_hdr). Not written.
"""

from __future__ import annotations

import struct
from array import array

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.capture_file import MOST_FRAMES, MOST_INTERFACES, CaptureFile, tap_name
from cnetkit.recording.frames import IN, OUT, Frames, Tap

MAGICS = {b"\x34\xcd\xb2\xa1": "<", b"\xa1\xb2\xcd\x34": ">"}
HEAD = 24
OUTGOING = 4
"""packet(7), sll_pkttype: sent by this node."""


def read(data: NDArray[np.uint8], node: str, interface: str = "") -> CaptureFile:
    """The capture in `data`, which begins with one of MAGICS: a tap `ifN` for each interface index N."""
    order = MAGICS[data[:4].tobytes()]
    linktype = struct.unpack_from(order + "I", data.data, 20)[0] & 0xFFFF if len(data) >= 24 else 0
    at, stopped = _walk(data, order)
    heads = data[at[:, None] + np.arange(HEAD)]
    numbers = heads.view(order + "u4").reshape(len(at), 6).astype(np.int64)
    seconds, micro, captured, length, index, _ = numbers.T
    indices, which = np.unique(index, return_inverse=True)
    which = np.minimum(which, MOST_INTERFACES - 1)
    names = [interface] if interface else [f"if{number}" for number in indices[:MOST_INTERFACES].tolist()]
    frames = Frames(
        taps=tuple(Tap(*tap_name(name, node, 0), linktype) for name in names),
        tap=np.zeros(len(at), np.int32) if interface else which.astype(np.int32),
        direction=np.where(heads[:, 22] == OUTGOING, OUT, IN).astype(np.uint8),
        time_ns=seconds * 10**9 + micro * 1000,
        start=at + HEAD,
        captured=captured.astype(np.int32),
        length=np.minimum(length, 0x7FFFFFFF).astype(np.int32),
        data=data,
    )
    warnings = [f"the packet at byte {stopped} is damaged or truncated: the rest was not read"]
    return CaptureFile(frames, warnings=tuple(warnings if stopped < len(data) else ()))


def _walk(data: NDArray[np.uint8], order: str) -> tuple[NDArray[np.int64], int]:
    """The offsets of the complete records, and where they ended."""
    offsets = array("q")
    view, at = data.data, 24
    while at + HEAD <= len(data) and len(offsets) < MOST_FRAMES:
        (captured,) = struct.unpack_from(order + "8xI", view, at)
        if at + HEAD + captured > len(data):
            break
        offsets.append(at)
        at += HEAD + captured
    return np.frombuffer(offsets, np.int64), min(at, len(data))
