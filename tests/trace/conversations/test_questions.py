"""Questions and answers of random captures are matched as plain Python matches them, packet by packet."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from cnetkit.trace.conversations import questions as module
from cnetkit.trace.conversations.exchanges import Exchanges
from cnetkit.trace.conversations.questions import questions

ARP, ICMP, TCP, UDP, ICMPV6 = 0x0806, 1, 6, 17, 58
SECOND = 1_000_000_000


@dataclass
class Packet:
    """One packet of a flow; of ARP, `source` and `target` are what it says."""

    flow: int
    time: int
    protocol: int = UDP
    ethertype: int = 0x0800
    payload: bytes = b""
    icmp_type: int = 0
    icmp_seq: int = 0
    sport: int = 0
    dport: int = 0
    source: int = 1
    target: int = 2
    source_high: int = 0
    group: bool = False
    answer: bool = False
    error: bool = False
    vlan: int = 0
    tap: int = 0
    marks: set[str] = field(default_factory=set)
    claimed: Any = None

    def number(self, at: int, size: int) -> int:
        return int.from_bytes(self.payload[at : at + size].ljust(size, b"\0"), "big")


def dns(choice: random.Random) -> dict[str, Any]:
    head = bytearray(12)
    head[1] = choice.choice([1, 2])
    head[2] = choice.choice([0x01, 0x81, 0x81, 0x80, 0x85, 0x00, 0x08, 0x40])
    head[3] = choice.choice([0, 0, 0, 0x80, 0x83, 3, 2, 1])
    head[4:6] = bytes([choice.choice([0, 0, 0, 0, 0, 1]), choice.choice([1, 1, 1, 1, 2, 0])])
    name = choice.choice([b"\1a\0", b"\1A\0", b"\1a\1x\0", b"\1a\1x\1y\0", b"\1b\1x\0", b"\1\xe9\0", b"\0"])
    ports = choice.choice([(40000, 53), (53, 40000), (53, 40000), (40000, 54), (54, 40000), (53, 53)])
    return {"payload": (bytes(head) + name + b"\0\1\0\1")[: choice.choice([99, 99, 99, 17, 16])], "sport": ports[0],
            "dport": ports[1], "target": choice.choice([2, 2, 3])}  # fmt: skip


def echo(choice: random.Random) -> dict[str, Any]:
    protocol = choice.choice([ICMP, ICMPV6])
    return {"protocol": protocol, "icmp_type": choice.choice([0, 8, 128, 129, 3]), "icmp_seq": choice.choice([1, 2])}


def arp(choice: random.Random) -> dict[str, Any]:
    source, target, code = choice.choice([0, 1, 1, 2, 3]), choice.choice([1, 2, 2, 3]), choice.choice([1, 1, 2, 2, 3])
    mac = choice.choice([0, 7, 7, 8])
    payload = b"\0\1\x08\0\6\4" + bytes([0, code]) + mac.to_bytes(6, "big") + bytes(14)
    return {"protocol": 0, "ethertype": choice.choice([ARP] * 4 + [0x0800]), "source": source, "target": target,
            "payload": payload[: choice.choice([28, 28, 28, 27])], "vlan": choice.choice([0, 0, 5]),
            "tap": choice.choice([0, 0, 1])}  # fmt: skip


def neighbour(choice: random.Random) -> dict[str, Any]:
    address = choice.choice([b"x", b"y"]) * 7 + choice.choice([b"x", b"z"]) + choice.choice([b"x", b"y"]) * 8
    return {"protocol": ICMPV6, "icmp_type": choice.choice([135, 135, 136, 136, 134]), "vlan": choice.choice([0, 0, 5]),
            "payload": address[: choice.choice([16, 16, 16, 15])], "source": choice.choice([0, 1, 1]),
            "source_high": choice.choice([0, 0, 9])}  # fmt: skip


def stream(choice: random.Random) -> dict[str, Any]:
    lines = [
        *(
            b"HTTP/1.1 404 No",
            b"HTTP/1.1 500 No",
            b"HTTP/1.1 600 No",
            b"HTTP/1.1 304 No",
            b"HTTP/1.0 400 No",
            b"HTTQ/1.1 404 No",
        ),
        *(b"\x15\3\3\0\2\2\x28", b"\x15\3\1\0\2\2\x28", b"\x15\3\3\0\2\1\x28", b"\x15\3\3\0\2\2"),
        *(b"\x16\3\3\0\2\2\x28", b"\x15\2\3\0\2\2\x28"),
    ]
    return {"protocol": choice.choice([TCP, TCP, TCP, UDP]), "payload": choice.choice(lines)}


def random_packets(choice: random.Random) -> list[Packet]:
    makers, packets, time = choice.sample([dns, echo, arp, neighbour, stream], choice.choice([1, 1, 2])), [], 0
    for flow in range(choice.choice([1, 1, 2, 3])):
        for _ in range(choice.choice([1, 2, 4, 8])):
            chances = {
                name: choice.random() < chance for name, chance in (("group", 0.15), ("answer", 0.5), ("error", 0.1))
            }
            packets.append(Packet(flow, 0, **choice.choice(makers)(choice), **chances))
    for packet in choice.sample(packets, len(packets)) if choice.random() < 0.5 else packets:
        time += choice.choice([1, 10, SECOND // 2, SECOND - 1, SECOND, SECOND + 1])
        packet.time = time
    return packets


# --- Packet by packet ------------------------------------------------------------------------------------------------


def kind(p: Packet) -> tuple[Any, ...] | None:
    """(what, whether it asks, the key that question and answer share); None if it is neither."""
    if (
        p.protocol == UDP
        and len(p.payload) >= 17
        and not p.error
        and p.number(4, 2) == 1
        and not p.number(2, 1) >> 3 & 15
    ):
        reply = bool(p.number(2, 1) & 0x80)
        if (p.sport if reply else p.dport) == 53 and (reply or not p.group):
            return "dns", not reply, (p.flow, p.number(0, 2))
    if p.protocol in (ICMP, ICMPV6) and p.icmp_type in ((8, 0) if p.protocol == ICMP else (128, 129)):
        asks = p.icmp_type in (8, 128)
        return None if asks and p.group else ("echo", asks, (p.flow, p.icmp_seq))
    if p.ethertype == ARP and len(p.payload) >= 28 and p.number(6, 2) in (1, 2):
        asks = p.number(6, 2) == 1
        return None if asks and p.source in (0, p.target) else ("arp", asks, (p.flow,))
    if p.protocol == ICMPV6 and len(p.payload) >= 16 and p.icmp_type in (135, 136):
        asks = p.icmp_type == 135
        probe = not p.source and not p.source_high
        return None if asks and probe else ("neighbour", asks, (p.vlan, p.payload))
    return None


def mark(packets: list[Packet]) -> None:
    by_time = sorted(packets, key=lambda p: p.time)
    kinds = {id(p): kind(p) for p in packets}
    for p in packets:
        if kinds[id(p)] and kinds[id(p)][1]:
            p.marks |= {"asked", "unanswered"}
            same = [q for q in by_time if kinds[id(q)] and kinds[id(q)][0] == kinds[id(p)][0] and not kinds[id(q)][1]
                    and kinds[id(q)][2] == kinds[id(p)][2]]  # fmt: skip
            later = [q for q in same if q.time > p.time]
            if later:
                p.marks.discard("unanswered")
                if later[0].time - p.time >= SECOND:
                    later[0].marks.add("slow")
            if same and kinds[id(p)][0] in ("dns", "echo"):
                p.marks.discard("unanswered")
        arp = p.ethertype == ARP and len(p.payload) >= 28
        neighbour = p.protocol == ICMPV6 and len(p.payload) >= 16 and p.icmp_type == 135
        if (arp and p.source in (0, p.target)) or (neighbour and not p.source and not p.source_high):
            p.marks.add("announcing")
        if arp and p.source and p.number(8, 6):
            own = (p.tap, p.vlan, p.source)
            first = next(q for q in by_time if q.ethertype == ARP and len(q.payload) >= 28 and q.number(8, 6)
                         and (q.tap, q.vlan, q.source) == own)  # fmt: skip
            p.claimed = first if first.number(8, 6) != p.number(8, 6) else None
        if p.protocol == TCP and not p.error and len(p.payload) >= 7:
            if p.answer and p.payload[:5] == b"HTTP/" and p.payload[9:10] in (b"4", b"5"):
                p.marks.add("error")
            if p.payload[:2] == b"\x15\3" and p.payload[3:6] == b"\0\2\2":
                p.marks.add("alert")
    replies = [p for p in packets if (kinds[id(p)] or ("", 1))[:2] == ("dns", False)]
    good = {(p.target, name(p)) for p in replies if not p.payload[3] & 15}
    for p in replies:
        code = p.payload[3] & 15
        searched = code == 3 and any(
            to == p.target and name(p) != other and name(p).startswith(other) for to, other in good
        )
        if code and not searched:
            p.marks.add("error")


def name(p: Packet) -> bytes:
    return p.payload[12:].partition(b"\0")[0].lower()


# --- The same as the engine has it -----------------------------------------------------------------------------------


def judged(packets: list[Packet]) -> tuple[Any, list[int]]:
    count = len(packets)
    frame = np.arange(count)[::-1].astype(np.int64)
    data = b"".join(p.payload for p in reversed(packets))
    size = np.array([len(p.payload) for p in reversed(packets)], np.int32)

    def column(name: str, width: Any) -> Any:
        return np.array([getattr(p, name) for p in reversed(packets)], width)

    widths = {"protocol": np.uint8, "ethertype": np.uint16, "icmp_type": np.uint8, "icmp_seq": np.uint16, "sport": np.uint16,
              "dport": np.uint16, "vlan": np.uint32}  # fmt: skip
    c = SimpleNamespace(**{name: column(name, width) for name, width in widths.items()}, payload_length=size)
    c.payload = (np.cumsum(size) - size).astype(np.int64)
    c.vni = np.zeros(count, np.uint32)
    c.version = np.where(c.protocol > 0, 4, 0)
    c.src_low, c.dst_low, c.src_high = (
        column("source", np.uint64),
        column("target", np.uint64),
        column("source_high", np.uint64),
    )
    c.dst_high = np.zeros(count, np.uint64)
    c.eth_dst = column("group", np.uint64) << np.uint64(40)
    time = column("time", np.int64)
    joined = SimpleNamespace(columns=c, units=SimpleNamespace(data=np.frombuffer(data + bytes(8), np.uint8)),
                             order=np.argsort(time), clocks=SimpleNamespace(time=time))  # fmt: skip
    flow = np.array([p.flow for p in packets], np.int64)
    begins = np.searchsorted(flow, np.arange(packets[-1].flow + 2)).astype(np.int64)
    flags = [np.array([getattr(p, name) for p in packets], np.bool_) for name in ("answer", "error")]
    return questions(joined, Exchanges(frame, flow, begins, *flags), column("tap", np.int32)), frame.tolist()


MARKS = ("asked", "unanswered", "announcing", "slow", "error", "alert")


def test_questions_are_matched_as_packet_by_packet():
    choice, counted = random.Random(3), set()
    for _ in range(3000):
        packets = random_packets(choice)
        mark(packets)
        result, _ = judged(packets)
        marks = {name: getattr(result, name).tolist() for name in MARKS}
        assert [{name for name in MARKS if marks[name][at]} for at in range(len(packets))] == [
            p.marks for p in packets
        ], packets
        claims = [packets[at] if at >= 0 else None for at in result.claimed.tolist()]
        assert [claim is p.claimed for claim, p in zip(claims, packets, strict=True)] == [True] * len(packets), packets
        counted |= {name for p in packets for name in p.marks} | {"claimed" for p in packets if p.claimed}
    assert counted == {*MARKS, "claimed"}


def test_names_are_compared_up_to_a_bound(monkeypatch):
    """The first answer fails only because a search domain was appended; with more names than the bound it counts as failed."""
    reply = bytes.fromhex("000181830001000000000000")
    packets = [Packet(0, at, payload=reply[:3] + bytes([code]) + reply[4:] + name + b"\0\1\0\1", sport=53, dport=9)
               for at, (code, name) in enumerate([(0x83, b"\1a\1x\0"), (0x80, b"\1a\0")])]  # fmt: skip
    for most, failed in ((2, [False, False]), (1, [True, False])):
        monkeypatch.setattr(module, "MOST_NAMES", most)
        assert judged(packets)[0].error.tolist() == failed
