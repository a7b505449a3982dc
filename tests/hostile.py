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


def around(protocol: int, body: bytes, port: int = 0) -> bytes:
    """An IPv4 packet with this body; with `port`, behind a UDP header."""
    if port:
        body = struct.pack("!HHHH", 1000, port, 8 + len(body), 0) + body
    head = udp()
    return head[:2] + struct.pack("!H", 20 + len(body)) + head[4:9] + bytes([protocol]) + head[10:20] + body


def tcp(flags: int = 2) -> bytes:
    """A TCP segment in IPv6."""
    segment = struct.pack("!HHIIBBHHH", 80, 4000, 1, 2, 0x50, flags, 512, 0, 0) + b"hello"
    return struct.pack("!IHBB", 6 << 28, len(segment), 6, 64) + bytes(15) + b"\x01" + bytes(15) + b"\x02" + segment


def over_tcp(text: bytes) -> bytes:
    """A TCP segment in IPv6 with this payload."""
    return tcp(24)[:4] + struct.pack("!H", 20 + len(text)) + tcp(24)[6:60] + text


def frames() -> list[tuple[int, bytes]]:
    """(link type, bytes) of frames that reach every decoder."""
    inner = ETHERNET + b"\x08\x00" + udp(port=53)
    vxlan = around(17, struct.pack("!II", 0x08000000, 42 << 8) + inner, 4789)
    geneve = around(17, struct.pack("!II", 0x6558, 42 << 8) + inner, 6081)
    gre = around(47, b"\x20\x00\x08\x00\x00\x00\x00\x2a" + udp(63))
    icmp = around(1, b"\x03\x03\x00\x00\x00\x00\x00\x00" + udp()[:28])
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
    found += [(276, sll2 + udp()), (276, sll2[:10] + b"\x04" + sll2[11:] + udp(63)), (1, b"")]
    return [*found, *other_links(), *((1, ETHERNET + b"\x08\x00" + packet) for packet in other_tunnels(inner))]


def other_links() -> list[tuple[int, bytes]]:
    """(link type, bytes): MPLS, PPP in its forms, Cisco's HDLC, NFLOG, 802.11, names, HTTP, ARP and neighbour discovery."""
    ppp = b"\xff\x03\x00\x21" + udp()
    pppoe = struct.pack("!BBHH", 0x11, 0, 7, len(ppp)) + ppp
    wifi = b"\x08\x01\0\0" + ETHERNET + ETHERNET[:6] + bytes(2) + b"\xaa\xaa\x03\0\0\0\x08\x00" + udp()
    fields = struct.pack("<HH", 10, 10) + b"drop:\0\0\0" + struct.pack("<HH", 4 + len(udp()), 9) + udp()
    ask = around(17, struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\4shop\0\0\1\0\1", 53)
    page, alert = (over_tcp(text) for text in (b"HTTP/1.1 503 No\r\n\r\n", b"\x15\3\3\0\2\2\x28"))
    claim = b"\0\1\x08\0\6\4\0\2" + ETHERNET[:6] + b"\x0a\0\0\1" + ETHERNET[:6] + b"\x0a\0\0\1"
    solicit = tcp()[:4] + b"\0\x18" + b"\x3a" + tcp()[7:40] + b"\x87\0\0\0\0\0\0\0" + tcp()[24:40]
    return [
        (1, ETHERNET + b"\x88\x47\x00\x01\x00\x40\x00\x01\x01\x40" + udp()), (1, ETHERNET + b"\x88\x64" + pppoe),
        (9, ppp), (50, ppp), (51, pppoe), (204, b"\1" + ppp), (104, b"\x0f\0\x08\0" + udp()), (239, b"\2\0\0\5" + fields),
        (105, wifi), (127, b"\0\0\x08\0\0\0\0\0" + wifi), (163, struct.pack("!II", 0x80211001, 64) + bytes(56) + wifi),
        (1, ETHERNET + b"\x08\x00" + ask), (1, ETHERNET + b"\x86\xdd" + page), (1, ETHERNET + b"\x86\xdd" + alert),
        (1, ETHERNET + b"\x08\x06" + claim), (1, ETHERNET + b"\x86\xdd" + solicit),
    ]  # fmt: skip


def other_tunnels(inner: bytes) -> list[bytes]:
    """IPv4 packets with ERSPAN, GTP-U and L2TP."""
    erspan = around(47, b"\x10\x00\x88\xbe" + bytes(4) + b"\x10\x00\x00\x2a" + bytes(4) + inner)
    gtp = around(17, struct.pack("!BBHI", 0x30, 255, len(udp()), 42) + udp(), 2152)
    l2tp = around(17, struct.pack("!HHH", 2, 1, 1) + b"\xff\x03\x00\x21" + udp(), 1701)
    return [erspan, gtp, l2tp]


def seeds() -> Iterator[bytes]:
    """Small captures: pcapng in both byte orders with options of every kind, pcap, modified pcap, snoop, gzip, and one of
    our own."""
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
    data = [one for kind, one in frames() if kind == 1]
    for order in "<>":
        head = struct.pack(order + "IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
        records = (
            struct.pack(order + "IIIIIHBB", 5, n, len(one), len(one), n % 3, 0x800, n % 5, 0)
            for n, one in enumerate(data)
        )
        yield head + b"".join(record + one for record, one in zip(records, data, strict=True))
    padded = [one + bytes(-len(one) % 4) for one in data]
    yield (
        b"snoop\0\0\0"
        + struct.pack(">II", 2, 4)
        + b"".join(
            struct.pack(">IIIIII", len(one), len(one), 24 + len(whole), 1, 5, n) + whole
            for n, (one, whole) in enumerate(zip(data, padded, strict=True))
        )
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
