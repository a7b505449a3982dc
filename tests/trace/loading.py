"""A small pcapng reader and frame builder for the tests of this room; not a recording reader."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from cnetkit.recording.frames import LINKTYPE_ETHERNET, Frames, Tap


def frames_of(captured, linktype=LINKTYPE_ETHERNET):
    """Frames from (node/ifname, direction 0-2, time_ns, bytes) tuples."""
    names = list(dict.fromkeys(item[0] for item in captured))
    sizes = np.array([len(item[3]) for item in captured], np.int32)
    return Frames(
        taps=tuple(Tap(*name.split("/", 1), linktype) for name in names),
        tap=np.array([names.index(item[0]) for item in captured], np.int32),
        direction=np.array([item[1] for item in captured], np.uint8),
        time_ns=np.array([item[2] for item in captured], np.int64),
        start=np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64) if len(captured) else np.zeros(0, np.int64),
        captured=sizes,
        length=sizes,
        data=np.frombuffer(b"".join(item[3] for item in captured), np.uint8),
    )


def recording_of(frames, topologies=(), events=(), losses=()):
    return SimpleNamespace(
        frames=frames,
        topologies=topologies,
        events=events,
        losses=losses,
        name="",
        kernel="",
        captured=(),
        filter="",
        selective=False,
    )


def read_pcapng(path: Path):
    """The frames of a little-endian pcapng file with nanosecond times."""
    raw, names, captured, at = Path(path).read_bytes(), [], [], 0
    while at < len(raw):
        kind, size = struct.unpack_from("<II", raw, at)
        body = raw[at + 8 : at + size - 4]
        if kind == 1:
            options = options_of(body[8:])
            names.append(options[2].decode())
        if kind == 6:
            interface, high, low, kept, _ = struct.unpack_from("<IIIII", body)
            options = options_of(body[20 + (kept + 3) // 4 * 4 :])
            flags = struct.unpack("<I", options[2])[0] & 3 if 2 in options else 0
            captured.append((names[interface], flags, high << 32 | low, body[20 : 20 + kept]))
        at += size
    return frames_of(captured)


def options_of(raw):
    result, at = {}, 0
    while at + 4 <= len(raw):
        code, size = struct.unpack_from("<HH", raw, at)
        if code == 0:
            break
        result[code] = raw[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    return result
