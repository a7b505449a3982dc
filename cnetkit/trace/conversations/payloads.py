"""What a conversation is about, from its first payloads: DNS names, a TLS server's name, HTTP's first lines, ARP.

Reads the few protocols that matter for debugging container networks; each reader accepts any bytes and returns nothing
if it cannot read them. Sources: RFC 1035, RFC 8446 and RFC 6066 (server name), RFC 9112, RFC 826, RFC 4861.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnetkit.recording.protocols import ARP, DNS_PORTS, ICMPV6, TCP, UDP
from cnetkit.trace.conversations.exchanges import Exchanges
from cnetkit.trace.conversations.questions import Questions
from cnetkit.trace.steps.joined import Joined

LOOKED_AT = 64
"""The most packets of a conversation whose payloads are read."""
LONGEST = 200
"""The most characters that are kept of a line."""
DNS_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 65: "HTTPS"}
DNS_CODES = {0: "", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
FAILURES = frozenset(DNS_CODES.values()) - {""}
ALERTS = {
    10: "unexpected message", 20: "bad record MAC", 40: "handshake failure", 42: "bad certificate", 43: "unsupported certificate",
    44: "certificate revoked", 45: "certificate expired", 46: "certificate unknown", 47: "illegal parameter", 48: "unknown CA",
    49: "access denied", 50: "decode error", 51: "decrypt error", 70: "protocol version", 71: "insufficient security",
    80: "internal error", 86: "inappropriate fallback", 109: "missing extension", 112: "unrecognized name",
    116: "certificate required", 120: "no application protocol",
}  # fmt: skip
"""TLS alerts (RFC 8446, 6.2)."""
METHODS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"TRACE ")


@dataclass(frozen=True, slots=True)
class Topic:
    """One question of a conversation, and its answer."""

    protocol: str
    """dns, tls, http, arp or nd."""
    question: str
    """`A shop.example`, `shop.example`, `GET /`, `who has 10.0.0.2?`."""
    answer: str
    """`10.0.0.9`, `NXDOMAIN`, `HTTP/1.1 200 OK`, a MAC address; empty if none came or it cannot be read."""
    answered: bool
    tries: int
    waited_ns: int
    """From the first question to the answer; 0 without an answer."""
    frame: int
    """The first question's frame."""
    failed: bool = False
    """No answer came to a question that needs one, or the answer says that the request failed."""


def topics(joined: Joined, packets: Exchanges, questions: Questions, flow: int) -> list[Topic]:
    """What one flow is about."""
    places = range(int(packets.begins[flow]), int(packets.begins[flow + 1]))[:LOOKED_AT]
    lines = [_Line(joined, packets, questions, place) for place in places if not packets.error[place]]
    if not lines:
        return []
    first = lines[0]
    if first.version == 0 and first.ethertype == ARP:
        return _neighbours(lines, "arp")
    if first.protocol == ICMPV6 and first.icmp_type == 135:
        return _neighbours(lines, "nd")
    ports = {port for line in lines for port in (line.sport, line.dport)}  # a question's own port may be translated
    if first.protocol in (UDP, TCP) and ports & set(DNS_PORTS):
        return list(_names(lines))
    if first.protocol == TCP:
        return [*_tls(lines), *_http(lines)]
    return []


class _Line:
    """One packet: its sender, its time, and its payload."""

    def __init__(self, joined: Joined, packets: Exchanges, questions: Questions, place: int) -> None:
        c, frame = joined.columns, int(packets.frame[place])
        self.frame, self.answer, self.time = frame, bool(packets.answer[place]), int(joined.clocks.time[frame])
        self.version, self.ethertype, self.protocol = (
            int(c.version[frame]),
            int(c.ethertype[frame]),
            int(c.protocol[frame]),
        )
        self.sport, self.dport, self.icmp_type = int(c.sport[frame]), int(c.dport[frame]), int(c.icmp_type[frame])
        begin, size = int(c.payload[frame]), int(c.payload_length[frame])
        self.payload = joined.units.data[begin : begin + size].tobytes()
        self.unanswered, self.announcing = bool(questions.unanswered[place]), bool(questions.announcing[place])


# --- Names -----------------------------------------------------------------------------------------------------------


def _names(lines: Sequence[_Line]) -> Iterator[Topic]:
    asked: dict[tuple[int, str], list[_Line]] = {}
    replies: dict[tuple[int, str], tuple[_Line, str]] = {}
    for line in lines:
        message = line.payload[2:] if line.protocol == TCP else line.payload
        read = dns(message)
        if read is None:
            continue
        number, is_reply, question, answer = read
        if is_reply:
            replies.setdefault((number, question), (line, answer))
        else:
            asked.setdefault((number, question), []).append(line)
    for key, tries in asked.items():
        reply, answer = replies.get(key, (None, ""))
        waited = reply.time - tries[0].time if reply else 0
        yield Topic("dns", key[1], answer, reply is not None, len(tries), waited, tries[0].frame,
                    reply is None or answer in FAILURES or answer.startswith("RCODE"))  # fmt: skip


def dns(message: bytes) -> tuple[int, bool, str, str] | None:
    """(number, whether it is a reply, the question, the answer) of one DNS message; None if it is not one."""
    if len(message) < 17:
        return None
    number, flags, questions, answers = struct.unpack_from(">HHHH", message)
    name, at = _name(message, 12)
    if questions != 1 or at + 4 > len(message) or name is None:
        return None
    (kind,) = struct.unpack_from(">H", message, at)
    question = f"{DNS_TYPES.get(kind, f'TYPE{kind}')} {name}"
    code = DNS_CODES.get(flags & 15, f"RCODE{flags & 15}")
    return number, bool(flags & 0x8000), question, code or ", ".join(_records(message, at + 4, answers)) or "no records"


def _records(message: bytes, at: int, count: int) -> Iterator[str]:
    """The addresses and names in the answer section, at most a few."""
    for _ in range(min(count, 4)):
        _, at = _name(message, at)
        if at + 10 > len(message):
            return
        kind, _, _, size = struct.unpack_from(">HHIH", message, at)
        body = message[at + 10 : at + 10 + size]
        if kind in (1, 28) and len(body) in (4, 16):
            yield str(ipaddress.ip_address(body))
        elif kind in (5, 12):
            yield _name(message, at + 10)[0] or ""
        at += 10 + size


def _name(message: bytes, at: int) -> tuple[str | None, int]:
    """The name at a position, and where the next field begins. Follows compressed names a few times."""
    labels, end, jumps = list[str](), -1, 0
    while at < len(message):
        size = message[at]
        if size & 0xC0 == 0xC0:
            if at + 1 >= len(message) or jumps > 8:
                return None, len(message)
            end = end if end >= 0 else at + 2
            at, jumps = (size & 0x3F) << 8 | message[at + 1], jumps + 1
            continue
        if size == 0:
            return ".".join(labels) or ".", end if end >= 0 else at + 1
        if size > 63 or len(labels) > 32:
            return None, len(message)
        labels.append(message[at + 1 : at + 1 + size].decode("ascii", "replace"))
        at += 1 + size
    return None, len(message)


# --- TLS and HTTP ----------------------------------------------------------------------------------------------------


def _tls(lines: Sequence[_Line]) -> Iterator[Topic]:
    hello = next((line for line in lines if not line.answer and line.payload[:2] == b"\x16\x03"), None)
    name = server_name(hello.payload) if hello else ""
    if hello and name:
        reply = next((line for line in lines if line.answer and line.payload and line.time >= hello.time), None)
        kind = reply.payload[:1] if reply else b""
        answer = _alert(reply.payload) if reply and kind == b"\x15" else "TLS" if kind == b"\x16" else ""
        yield Topic("tls", name, answer, reply is not None, 1, reply.time - hello.time if reply else 0, hello.frame,
                    kind == b"\x15")  # fmt: skip


def _alert(record: bytes) -> str:
    """A TLS alert by its name, if it is not encrypted."""
    name = ALERTS.get(record[6], f"{record[6]}") if len(record) >= 7 and record[3:5] == b"\0\2" else ""
    return f"TLS alert: {name}" if name else "TLS alert"


def server_name(record: bytes) -> str:
    """The name in a TLS ClientHello, or empty."""
    at = 43  # record header 5, handshake header 4, version 2, random 32
    if record[5:6] != b"\x01" or len(record) < 44:
        return ""
    at += 1 + record[at]  # session
    at += 2 + int.from_bytes(record[at : at + 2], "big")  # cipher suites
    at += 1 + int.from_bytes(record[at : at + 1], "big") + 2  # compression methods, and the extensions' length
    while at + 4 <= len(record):
        kind, size = struct.unpack_from(">HH", record, at)
        if kind == 0:
            length = int.from_bytes(record[at + 7 : at + 9], "big")
            return record[at + 9 : at + 9 + length].decode("ascii", "replace")[:LONGEST]
        at += 4 + size
    return ""


def _http(lines: Sequence[_Line]) -> Iterator[Topic]:
    asked = set[bytes]()
    for place, line in enumerate(lines):
        if line.answer or not line.payload.startswith(METHODS) or line.payload in asked:
            continue
        asked.add(line.payload)
        reply = next((later for later in lines[place:] if later.answer and later.payload.startswith(b"HTTP/")), None)
        question = first_line(line.payload).rpartition(" HTTP/")[0] or first_line(line.payload)
        answer = first_line(reply.payload) if reply else ""
        yield Topic("http", question, answer, reply is not None, 1, reply.time - line.time if reply else 0, line.frame,
                    reply is None or reply.payload[9:10] in (b"4", b"5"))  # fmt: skip


def first_line(payload: bytes) -> str:
    """The first line of a text protocol, at most LONGEST characters."""
    return payload.split(b"\r\n", 1)[0].split(b"\n", 1)[0][:LONGEST].decode("utf-8", "replace")


# --- Address resolution ----------------------------------------------------------------------------------------------


def _neighbours(lines: Sequence[_Line], protocol: str) -> list[Topic]:
    """ARP, and IPv6 neighbour discovery: who asked for which address. Hosts that announce or probe their own ask nobody."""
    least = 28 if protocol == "arp" else 16
    asked = [line for line in lines if not line.answer and not line.announcing and len(line.payload) >= least]
    if not asked:
        return []
    if protocol == "arp":
        if asked[0].payload[6:8] != b"\0\1":
            return []
        target = str(ipaddress.IPv4Address(asked[0].payload[24:28]))
        replies = [line for line in lines if line.answer and line.payload[6:8] == b"\0\2"]
        answer = replies[0].payload[8:14].hex(":") if replies else ""
    else:
        target = str(ipaddress.IPv6Address(asked[0].payload[:16]))
        replies = [line for line in lines if line.answer]
        answer = ""
    waited = replies[0].time - asked[0].time if replies else 0
    answered = bool(replies) or not asked[0].unanswered
    return [Topic(protocol, f"who has {target}?", answer, answered, len(asked), waited, asked[0].frame, not answered)]
