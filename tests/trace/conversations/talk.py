"""Frames between two ends, for captures whose faults are known."""

from __future__ import annotations

import struct
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
Frames = list[tuple[float, bytes]]


class Talk:
    """Frames between 10.0.0.1:40000 and 10.0.0.2, a millisecond apart."""

    def __init__(self, port: int = 80, isn: tuple[int, int] = (1000, 5000)):
        self.frames: Frames = []
        self.port, self.isn, self.now = port, isn, 1000.0

    def say(self, flags: str, seq: int = 0, ack: int = 0, data: bytes = b"", back: bool = False, window: int = 8192,
            after: float = 0.001) -> Talk:  # fmt: skip
        """`seq` and `ack` count from each end's initial number."""
        self.now += after
        ends = {"sport": self.port, "dport": 40000} if back else {"sport": 40000, "dport": self.port}
        hosts = {"src": "10.0.0.2", "dst": "10.0.0.1"} if back else {"src": "10.0.0.1", "dst": "10.0.0.2"}
        mine, theirs = self.isn[::-1] if back else self.isn
        segment = TCP(**ends, flags=flags, seq=(mine + seq) % 2**32, ack=(theirs + ack) % 2**32 if "A" in flags else 0,
                      window=window)  # fmt: skip
        macs = {"src": B, "dst": A} if back else {"src": A, "dst": B}
        self.frames.append((self.now, bytes(Ether(**macs) / IP(**hosts, id=len(self.frames) + 1) / segment / data)))
        return self

    def opened(self) -> Talk:
        return self.say("S").say("SA", 0, 1, back=True).say("A", 1, 1)

    def exchanged(self, rounds: int = 4, size: int = 100) -> Talk:
        """Both ends send as much, in turn."""
        for n in range(rounds):
            self.say("PA", 1 + n * size, 1 + n * size, bytes(size))
            self.say("PA", 1 + n * size, 1 + (n + 1) * size, bytes(size), back=True)
        return self

    def closed(self, at: int = 401) -> Talk:
        """Both ends close, after as many octets from each."""
        return self.say("FA", at, at).say("FA", at, at + 1, back=True).say("A", at + 1, at + 1)


def upload(order: list[int], again: dict[int, float] | None = None) -> Talk:
    """Ten segments in this order; those of `again` once more after so many seconds. The other end acknowledges all it has."""
    talk, has, size = Talk().opened(), set[int](), 100
    for n in order:
        talk.say("A", 1 + n * size, 1, bytes([n]) * size)
        has.add(n)
        have = next(k for k in range(99) if k not in has)
        talk.say("A", 1, 1 + have * size, back=True)
    for n, late in (again or {}).items():
        talk.say("A", 1 + n * size, 1, bytes([n]) * size, after=late)
        has.add(n)
        talk.say("A", 1, 1 + next(k for k in range(99) if k not in has) * size, back=True)
    return talk


def write(path: Path, frames: Frames) -> Path:
    """A pcap file of Ethernet frames, with microseconds."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    for at, frame in frames:
        out += struct.pack("<IIII", int(at), round(at % 1 * 1e6), len(frame), len(frame)) + frame
    path.write_bytes(out)
    return path
