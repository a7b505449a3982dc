"""Reads classic pcap files: microseconds or nanoseconds, either byte order.

Source: the IETF draft "PCAP Capture File Format" (draft-ietf-opsawg-pcap). Not written: a recording needs pcapng.
"""

from __future__ import annotations

import struct
from array import array
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.capture_file import MOST_FRAMES, CaptureFile, tap_name
from cnetkit.recording.damage import DAY, LONGEST, cut_off, likely_records, record_after
from cnetkit.recording.frames import UNKNOWN, Frames, Tap

MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""The file's first bytes: its byte order, and the nanoseconds in a tick."""
MOST_DAMAGE = 64
"""The most damaged places that are skipped in one file."""
BYTES: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}


def read(data: NDArray[np.uint8], node: str, interface: str = "") -> CaptureFile:
    """The capture in `data`, which begins with one of MAGICS. The format names no interface and no direction."""
    order, tick = MAGICS[data[:4].tobytes()]
    linktype = struct.unpack_from(order + "I", data.data, 20)[0] & 0xFFFF if len(data) >= 24 else 0
    tap = Tap(*tap_name(interface, node, 0), linktype)
    at, warnings = _records(data, order, 10**9 // tick)
    words = np.ndarray((max(len(data) - 3, 0),), order + "u4", data.data, 0, (1,))
    seconds, ticks = (words[at + place].astype(np.int64) for place in (0, 4))
    captured, length = (words[at + place] for place in (8, 12))
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
    return CaptureFile(frames, warnings=tuple(warnings))


def _records(data: NDArray[np.uint8], order: str, ticks: int) -> tuple[NDArray[np.int64], list[str]]:
    """The offsets of the packet records, at most MOST_FRAMES, without damaged ones; and warnings about what was left
    out.

    `ticks` are those of a second.
    """
    parts, warnings, room = [], [], MOST_FRAMES
    begin, end = 24, len(data)
    for _ in range(MOST_DAMAGE):
        at, stopped = _walk(data, order, begin, room)
        broken = stopped < end and len(at) < room  # odd headers are no damage if they lead to the end
        likely = likely_records(data, order, at, ticks) | (not broken)
        sound = len(at) if likely.all() else int(np.argmin(likely))
        parts.append(at[:sound])
        room -= sound
        if not broken:
            break
        damaged = int(at[sound]) if sound < len(at) else stopped
        offsets = np.concatenate(parts)
        seconds = [int.from_bytes(data[at : at + 4].tobytes(), BYTES[order]) for at in offsets[-2:].tolist()]
        second = seconds[-1] if seconds and abs(seconds[-1] - seconds[0]) < DAY else None  # else one of them is damaged
        cut = cut_off(data, order, damaged, ticks)
        begin = end if cut else record_after(data, order, damaged + 1, ticks, second)
        if begin == end:
            warnings.append(f"the packet at byte {damaged} is damaged or truncated: the rest was not read")
            break
        warnings.append(f"bytes {damaged} to {begin - 1} are damaged: they were not read")
    if not room:
        warnings.append(f"only the first {MOST_FRAMES:,} packets, up to byte {stopped}, were read")
    return np.concatenate(parts), warnings


def _walk(data: NDArray[np.uint8], order: str, at: int, most: int) -> tuple[NDArray[np.int64], int]:
    """The offsets of the complete records from `at` on, at most `most`, and where they ended."""
    offsets = array("q")
    add = offsets.append
    size = struct.Struct(order + "8xI").unpack_from
    view = data.data
    last = len(data) - 16
    while at <= last and len(offsets) < most:
        (captured,) = size(view, at)
        after = at + 16 + captured
        if captured > LONGEST or after > len(data):
            break
        add(at)
        at = after
    return np.frombuffer(offsets, np.int64), min(at, len(data))
