"""Everything that a capture file passes through, as one call; and small captures of every kind, to be damaged in
tests."""

from __future__ import annotations

import gzip
import io
import json
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from cnetkit.model import CnetkitError
from cnetkit.recording.recording import Recording, load
from cnetkit.trace import explain
from cnetkit.view import wording
from cnetkit.view.terminal import text
from tests.recording.conftest import Pcapng

ETHERNET = bytes.fromhex("020000000002020000000001")
HEADER = "45{tos}{length}{ident}{flags}{ttl}{protocol}0000{source}{target}"


def inspected(data: bytes) -> Recording | None:
    """Does with `data` all that `cnetkit inspect` does, and checks the invariants; None if it is not a capture."""
    try:
        recording = load(io.BytesIO(data), node="host")
    except CnetkitError:
        return None
    for one in (recording, by_several_clocks(recording)):
        _explained(one)
    return recording


def by_several_clocks(recording: Recording) -> Recording:
    """As if each interface had been captured on another host."""
    taps = tuple(replace(tap, clock=f"{number}.pcap") for number, tap in enumerate(recording.frames.taps))
    return replace(recording, frames=replace(recording.frames, taps=taps))


def _explained(recording: Recording) -> None:
    trace = explain(recording)
    document = json.loads(trace.to_json())
    places = [hop["frame"] for journey in document["journeys"] for hop in journey["hops"]]
    places += [one["frame"] for one in document["unexplained"]]
    assert sorted(places) == list(range(len(recording.frames)))
    for shown in (*wording.summary(trace), text(trace)):
        assert all(letter == "\n" or unicodedata.category(letter)[0] != "C" for letter in shown), shown


def udp(ttl: int = 64, size: int = 12, port: int = 4789) -> bytes:
    """An IPv4 packet."""
    payload = bytes(range(size))
    header = HEADER.format(
        tos="00", length=f"{28 + size:04x}", ident="1234", flags="0000", ttl=f"{ttl:02x}", protocol="11",
        source="0a000001", target="0a000002",
    )  # fmt: skip
    return bytes.fromhex(header) + struct.pack("!HHHH", 1000, port, 8 + size, 0) + payload


def tcp(flags: int = 2) -> bytes:
    """A TCP segment in IPv6."""
    segment = struct.pack("!HHIIBBHHH", 80, 4000, 1, 2, 0x50, flags, 512, 0, 0) + b"hello"
    return struct.pack("!IHBB", 6 << 28, len(segment), 6, 64) + bytes(15) + b"\x01" + bytes(15) + b"\x02" + segment


def frames() -> list[tuple[int, bytes]]:
    """(link type, bytes) of frames that reach every decoder."""
    inner = ETHERNET + b"\x08\x00" + udp(port=53)
    vxlan = udp(port=4789)[:28] + struct.pack("!II", 0x08000000, 42 << 8) + inner
    geneve = udp(port=6081)[:28] + struct.pack("!II", 0x6558, 42 << 8) + inner
    gre = udp()[:9] + b"\x2f" + udp()[10:20] + b"\x20\x00\x08\x00\x00\x00\x00\x2a" + udp(63)
    icmp = udp()[:9] + b"\x01" + udp()[10:20] + b"\x03\x03\x00\x00\x00\x00\x00\x00" + udp()[:28]
    ethernet = [udp(), udp(63), vxlan, geneve, gre, icmp, udp()[:6] + b"\x20\x00" + udp()[8:]]
    found = [(1, ETHERNET + b"\x08\x00" + packet) for packet in ethernet]
    found += [(1, ETHERNET + b"\x86\xdd" + tcp()), (1, ETHERNET + b"\x81\x00\x00\x05\x08\x00" + udp())]
    found += [
        (1, ETHERNET + b"\x08\x06" + bytes(28)),
        (101, udp()),
        (0, b"\x02\0\0\0" + udp()),
        (108, b"\0\0\0\x18" + tcp()),
    ]
    found += [(113, struct.pack("!HHH8sH", 4, 1, 6, ETHERNET[:8], 0x800) + udp())]
    sll2 = struct.pack("!HHIHBB8s", 0x800, 0, 7, 1, 0, 6, ETHERNET[:8])
    return [*found, (276, sll2 + udp()), (276, sll2[:10] + b"\x04" + sll2[11:] + udp(63)), (1, b"")]


def seeds() -> Iterator[bytes]:
    """Small captures: pcapng in both byte orders with options of every kind, pcap, gzip, and one of our own."""
    for order in "<>":
        block, flags = Pcapng(order), struct.pack(order + "I", 1)
        for names in (False, True):
            parts = [block.section(block.option(1, b"a comment"))]
            resolutions = (b"\x06", b"\x09", b"\x8a", b"\x0c")
            for number, (linktype, _) in enumerate(frames()):
                options = block.option(9, resolutions[number % 4]) + block.option(14, struct.pack(order + "q", number))
                parts.append(block.interface(f"n{number % 3}/eth{number}".encode() * names, linktype, options))
            for number, (_, data) in enumerate(frames()):
                direction = block.option(2, struct.pack(order + "I", number % 3))
                parts.append(block.packet(number, 10**15 + number, data, direction, len(data) + number % 2))
            parts.append(block.block(3, struct.pack(order + "I", 30) + frames()[0][1][:30]))
            parts.append(
                block.block(2, struct.pack(order + "HHIIII", 0, 0, 1, 2, 20, 20) + frames()[0][1][:20] + flags)
            )
            parts.append(block.block(4, struct.pack(order + "HH", 0, 0)) + block.block(0x77, b"what"))
            parts.append(
                block.block(5, struct.pack(order + "III", 0, 0, 0) + block.option(5, struct.pack(order + "Q", 3)))
            )
            yield b"".join(parts) + block.section()
        for linktype in {linktype for linktype, _ in frames()}:
            head = struct.pack(order + "IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, linktype)
            data = [one for kind, one in frames() if kind == linktype]
            yield head + b"".join(
                struct.pack(order + "IIII", 5, n, len(one), len(one) + n) + one for n, one in enumerate(data)
            )
    file = io.BytesIO()
    explain(load(io.BytesIO(next(seeds_of_names())))).save(file)
    yield file.getvalue()
    yield gzip.compress(file.getvalue())


def seeds_of_names() -> Iterator[bytes]:
    """A capture whose names contain terminal control sequences."""
    block = Pcapng()
    name = "web\x1b[31m/<b>eth\u202e0\x00\n".encode()
    data = ETHERNET + b"\x08\x00" + udp()
    yield block.section() + block.interface(name) + block.packet(0, 1, data) + block.packet(0, 2, data)
