"""Random recordings, and capture files built byte by byte."""

import struct

import numpy as np
import pytest

from cnetkit.recording.frames import Frames, Tap


@pytest.fixture
def frames_of():
    """Frames from (tap, direction, time_ns, bytes) rows."""
    return make_frames


def make_frames(taps, rows, lengths=None):
    payloads = [row[3] for row in rows]
    sizes = np.array([len(payload) for payload in payloads], np.int32)
    return Frames(
        taps=tuple(taps),
        tap=np.array([row[0] for row in rows], np.int32),
        direction=np.array([row[1] for row in rows], np.uint8),
        time_ns=np.array([row[2] for row in rows], np.int64),
        start=(np.cumsum(sizes) - sizes).astype(np.int64),
        captured=sizes,
        length=sizes if lengths is None else np.array(lengths, np.int32),
        data=np.frombuffer(b"".join(payloads), np.uint8),
    )


class Pcapng:
    """Writes pcapng blocks in either byte order."""

    def __init__(self, order="<"):
        self.order = order

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(self.order + "I", len(body) + 12)
        return struct.pack(self.order + "I", kind) + size + body + size

    def option(self, code, value):
        return struct.pack(self.order + "HH", code, len(value)) + value + bytes(-len(value) % 4)

    def section(self, options=b""):
        return self.block(0x0A0D0D0A, struct.pack(self.order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options)

    def interface(self, name=b"", linktype=1, options=b""):
        named = self.option(2, name) if name else b""
        return self.block(1, struct.pack(self.order + "HHI", linktype, 0, 0) + named + options)

    def packet(self, interface, ticks, data, options=b"", length=None):
        head = struct.pack(
            self.order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), length or len(data)
        )
        return self.block(6, head + data + bytes(-len(data) % 4) + options)


@pytest.fixture(params=["<", ">"], ids=["little", "big"])
def pcapng(request):
    return Pcapng(request.param)


WEB = Tap("web", "eth0")
DOCK = Tap("dock", "docker0")
