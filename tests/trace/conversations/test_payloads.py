"""Payloads are read up to their last octet and not beyond, and their numbers are named as scapy names them."""

from __future__ import annotations

import ipaddress
import struct
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR, dns_compress, dnsqtypes
from scapy.layers.tls.record import _tls_alert_description

from cnetkit.recording.protocols import ARP, ICMPV6, TCP, UDP
from cnetkit.trace.conversations import payloads
from cnetkit.trace.conversations.payloads import Topic, dns, first_line, server_name, topics

NEWER = {109: "missing extension", 116: "certificate required", 120: "no application protocol"}
"""Alerts that scapy may not know (RFC 8446, 6)."""


def test_types_codes_and_alerts_have_the_numbers_of_scapys_tables():
    assert {number: dnsqtypes[number] for number in payloads.DNS_TYPES} == payloads.DNS_TYPES
    codes = ["", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]  # RFC 1035, 4.1.1
    assert dict(enumerate(codes)) == payloads.DNS_CODES
    named = {
        number: _tls_alert_description[number].replace("_", " ").lower()
        for number in payloads.ALERTS.keys() - NEWER.keys()
    }
    assert named | NEWER == {number: name.lower() for number, name in payloads.ALERTS.items()}


# --- DNS -------------------------------------------------------------------------------------------------------------


def labels(message: bytes, at: int, jumps: int = 0) -> tuple[list[bytes] | None, int]:
    """The labels of the name at a position, and where the next field begins (RFC 1035, 4.1.4)."""
    size = message[at] if at < len(message) else 0x80
    if not size:
        return [], at + 1
    if size >= 0xC0 and at + 1 < len(message) and jumps < 9:
        parts, after = labels(message, (size - 0xC0) * 256 + message[at + 1], jumps + 1)[0], at + 2
    elif size < 64:
        rest, after = labels(message, at + 1 + size, jumps)
        parts = None if rest is None else [message[at + 1 : at + 1 + size], *rest]
    else:
        parts = None
    return (None, len(message)) if parts is None else (parts, after)


def text(parts: list[bytes]) -> str:
    return ".".join(part.decode("ascii", "replace") for part in parts) or "."


def read(message: bytes) -> Any:
    if len(message) < 17 or message[4:6] != b"\0\1":
        return None
    parts, at = labels(message, 12)
    if parts is None or at + 4 > len(message):
        return None
    kind = int.from_bytes(message[at : at + 2], "big")
    question = f"{payloads.DNS_TYPES.get(kind, f'TYPE{kind}')} {text(parts)}"
    code, records, at = message[3] & 15, [], at + 4
    for _ in range(min(4, int.from_bytes(message[6:8], "big"))):
        at = labels(message, at)[1]
        if at + 10 > len(message):
            break
        kind, size = int.from_bytes(message[at : at + 2], "big"), int.from_bytes(message[at + 8 : at + 10], "big")
        body = message[at + 10 : at + 10 + size]
        if kind in (1, 28) and len(body) in (4, 16):
            records.append(str(ipaddress.ip_address(body)))
        elif kind in (5, 12):
            name = labels(message, at + 10)[0]
            records.append("" if name is None else text(name))
        at += 10 + size
    names = ["", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]
    answer = (names[code] if code < len(names) else f"RCODE{code}") or ", ".join(records) or "no records"
    return int.from_bytes(message[:2], "big"), message[2] >= 128, question, answer


ANSWERS = [DNSRR(rrname="shop.example", rdata="10.9.9.9"), DNSRR(rrname="shop.example", type="CNAME", rdata="www.shop.example"),
           DNSRR(rrname="shop.example", type="AAAA", rdata="fd11:2222:3333:4444:5555:6666:7777:8888"),
           DNSRR(rrname="shop.example", type="PTR", rdata="host.example"), DNSRR(rrname="shop.example", type="TXT", rdata="x"),
           DNSRR(rrname="shop.example", rdata="10.9.9.8"), DNSRR(rrname="shop.example", rdata="10.9.9.7")]  # fmt: skip
MESSAGES = [
    bytes(DNS(id=7, qd=[DNSQR(qname="shop.example")])),
    bytes(DNS(id=7, qd=[DNSQR(qname=".", qtype="NS")])),
    bytes(DNS(id=7, qr=1, rcode=6, qd=[DNSQR(qname="shop.example", qtype=99)])),
    bytes(DNS(id=7, qr=1, rcode=0, qd=[DNSQR(qname="shop.example", qtype=99)])),
    *(
        bytes(DNS(id=258, qr=1, qd=[DNSQR(qname="shop.example")], an=some))
        for some in (ANSWERS, ANSWERS[4:], ANSWERS[:1])
    ),
    bytes(dns_compress(DNS(id=7, qr=1, qd=[DNSQR(qname="shop.example")], an=ANSWERS))),
]


def test_dns_messages_cut_and_changed_anywhere_are_read_as_far_as_they_go():
    for message in MESSAGES:
        assert dns(message) is not None
        for size in range(len(message) + 1):
            assert dns(message[:size]) == read(message[:size])
        for at in range(len(message)):
            for value in {
                0,
                1,
                63,
                64,
                0xBF,
                0xC0,
                message[at] + 1 & 255,
                *(message[at] ^ 1 << bit for bit in range(8)),
            }:
                changed = message[:at] + bytes([value]) + message[at + 1 :]
                assert dns(changed) == read(changed)


def test_a_pointer_may_lead_beyond_256_octets():
    far = bytes.fromhex("000701000001000000000000c1430001000123456789")
    message = far + bytes(0x143 - len(far)) + b"\1b\0"
    assert dns(message) == read(message) == (7, False, "A b", "no records")


def test_a_name_may_have_33_labels_of_63_octets_and_follow_9_pointers():
    def message(name: bytes, before: bytes = b"") -> bytes:
        return bytes.fromhex("000701000001000000000000") + before + name + b"\0\1\0\1"

    assert dns(message(b"\1a" * 33 + b"\0"))[2] == "A " + ".".join("a" * 33)
    assert dns(message(b"\1a" * 34 + b"\0")) is None
    assert dns(message(b"\x3f" + b"a" * 63 + b"\0"))[2] == "A " + "a" * 63
    assert dns(message(b"\x40" + b"a" * 64 + b"\0")) is None
    for pointers, good in ((9, True), (10, False)):
        end = 12 + 4 + 2
        chain = b"".join(struct.pack(">H", 0xC000 | end + 2 * at + 2) for at in range(pointers - 1)) + b"\1b\0"
        whole = bytes.fromhex("000701000001000000000000") + struct.pack(">H", 0xC000 | end) + b"\0\1\0\1" + chain
        assert (dns(whole) or ("",) * 3)[2] == ("A b" if good else "")


# --- TLS and HTTP ----------------------------------------------------------------------------------------------------


def hello(session: int = 3, ciphers: int = 4, methods: int = 2, before: tuple[tuple[int, int], ...] = ((5, 3), (10, 0)),
          name: bytes = b"shop.example") -> bytes:  # fmt: skip
    """A ClientHello (RFC 8446, 4.1.2) whose variable parts have these lengths."""
    extensions = b"".join(struct.pack(">HH", kind, size) + bytes([9] * size) for kind, size in before)
    entry = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    extensions += struct.pack(">HH", 0, len(entry)) + entry + struct.pack(">HHB", 16, 1, 7)
    body = (
        b"\3\3"
        + bytes([8] * 32)
        + bytes([session])
        + bytes([7] * session)
        + struct.pack(">H", ciphers)
        + bytes([6] * ciphers)
    )
    body += bytes([methods]) + bytes([5] * methods) + struct.pack(">H", len(extensions)) + extensions
    return b"\x16\3\1" + struct.pack(">H", len(body) + 4) + b"\1" + len(body).to_bytes(3, "big") + body


@pytest.mark.parametrize("lengths", [(), (0, 2, 1, ()), (32, 256, 1, ((11, 2),)), (0, 0, 0, ((23, 0), (35, 300)))])
def test_a_servers_name_is_found_behind_parts_of_any_length(lengths):
    whole = hello(*lengths)
    assert server_name(whole) == "shop.example"
    begin = whole.index(b"shop.example")
    for size in range(len(whole)):
        assert server_name(whole[:size]) == (whole[begin:size] if size > begin else b"").decode()[:12]
    assert server_name(whole[:5] + b"\2" + whole[6:]) == ""
    assert [server_name(hello(name=b"n" * size)) for size in (201, 256)] == ["n" * 200] * 2


def test_a_hello_without_extensions_or_of_its_first_part_only_has_no_name():
    assert [server_name(hello()[:size]) for size in (5, 6, 43, 44)] == [""] * 4
    assert server_name(b"\x16\3\1\0\x30\1" + bytes(37) + b"\0") == ""


def test_a_first_line_ends_where_a_line_ends_and_after_200_octets():
    assert first_line(b"GET / HTTP/1.1\r\nHost: x\r\n") == "GET / HTTP/1.1"
    assert first_line(b"220 ready\nx\r\n") == "220 ready"
    assert (first_line(b"x" * 201), first_line(b"\xff")) == ("x" * 200, "�")


# --- What a flow is about --------------------------------------------------------------------------------------------


def said(*lines: Any, protocol: int = TCP, ports: tuple[int, int] = (40000, 8080), ethertype: int = 0x0800, version: int = 4,
         icmp_type: int = 0, apart: int = 10, unanswered: tuple[int, ...] = (), announcing: tuple[int, ...] = (),
         errors: tuple[int, ...] = ()) -> list[Topic]:  # fmt: skip
    """The topics of one flow of (payload, whether it is an answer) lines, 10 ns apart; frames count from the last line."""
    count = len(lines)
    parts = [line[0] for line in reversed(lines)]
    sizes = np.array([len(part) for part in parts])
    c = SimpleNamespace(payload=np.cumsum(sizes) - sizes, payload_length=sizes)
    values = {"version": version, "ethertype": ethertype, "protocol": protocol, "sport": ports[0], "dport": ports[1],
              "icmp_type": icmp_type}  # fmt: skip
    for name, value in values.items():
        setattr(c, name, np.full(count, value))
    time = 1000 + apart * np.arange(count)[::-1]
    joined = SimpleNamespace(columns=c, units=SimpleNamespace(data=np.frombuffer(b"".join(parts), np.uint8)),
                             clocks=SimpleNamespace(time=time))  # fmt: skip
    places = np.arange(count)
    answer = np.array([line[1] for line in lines], np.bool_)
    packets = SimpleNamespace(
        frame=places[::-1], begins=np.array([0, 0, count, count]), answer=answer, error=np.isin(places, errors)
    )
    questions = SimpleNamespace(unanswered=np.isin(places, unanswered), announcing=np.isin(places, announcing))
    return topics(joined, packets, questions, 1)


QUESTION, OTHER = bytes(DNS(id=7, qd=[DNSQR(qname="a.example")])), bytes(DNS(id=8, qd=[DNSQR(qname="b.example")]))
REPLY = bytes(DNS(id=7, qr=1, qd=[DNSQR(qname="a.example")], an=[DNSRR(rrname="a.example", rdata="10.0.0.9")]))
MISSING, ODD = (bytes(DNS(id=8, qr=1, rcode=code, qd=[DNSQR(qname="b.example")])) for code in (3, 9))


@pytest.mark.parametrize("ports", [(40000, 53), (53, 40000), (40000, 5353), (5355, 40000)])
def test_names_are_paired_with_the_first_reply_of_their_number(ports):
    lines = ((QUESTION, False), (OTHER, False), (QUESTION, False), (REPLY, True), (REPLY, True), (MISSING, True))
    expected = [
        Topic("dns", "A a.example", "10.0.0.9", True, 2, 30, 5),
        Topic("dns", "A b.example", "NXDOMAIN", True, 1, 40, 4, True),
    ]
    assert said(*lines, protocol=UDP, ports=ports) == expected
    behind_length = [(struct.pack(">H", len(data)) + data, answer) for data, answer in lines]
    assert said(*behind_length, ports=ports) == expected


def test_a_name_without_reply_or_with_an_unknown_code_failed():
    assert said((QUESTION, False), protocol=UDP, ports=(9, 53)) == [
        Topic("dns", "A a.example", "", False, 1, 0, 0, True)
    ]
    assert said((OTHER, False), (ODD, True), protocol=UDP, ports=(9, 53)) == [
        Topic("dns", "A b.example", "RCODE9", True, 1, 10, 1, True)
    ]
    assert said((QUESTION, False), protocol=UDP, ports=(9, 54)) == []


ALERT, SERVER = b"\x15\3\3\0\2\2\x28", b"\x16\3\3\0\2xx"


@pytest.mark.parametrize(
    ("reply", "answer", "failed"),
    [(ALERT, "TLS alert: handshake failure", True), (ALERT[:6] + b"\xfe", "TLS alert: 254", True), (ALERT[:6], "TLS alert", True),
     (b"\x15\3\3\0\x1a\2\x28", "TLS alert", True), (SERVER, "TLS", False), (b"\x17\3\3", "", False)],
)  # fmt: skip
def test_a_tls_servers_name_is_answered_by_its_next_record(reply, answer, failed):
    lines = [(b"", False), (SERVER, True), (hello(), False), (b"", True), (reply, True)]
    sent = [(item if place != 1 else b"", way) for place, (item, way) in enumerate(lines)]
    assert said(*sent) == [Topic("tls", "shop.example", answer, True, 1, 20, 2, failed)]


def test_a_reply_may_have_the_time_of_its_question():
    (topic,) = said((hello(), False), (SERVER, True), apart=0)
    assert (topic.answer, topic.answered, topic.waited_ns) == ("TLS", True, 0)


def test_a_tls_hello_alone_is_unanswered_and_one_without_a_name_is_no_topic():
    assert said((hello(), False)) == [Topic("tls", "shop.example", "", False, 1, 0, 0)]
    assert said((hello(), True)) == []
    assert said((b"\x16\3\1\0\0\1", False)) == []
    assert said((b"\x17" + hello()[1:], False)) == []


def test_each_http_request_is_answered_by_the_next_status_line():
    get, post = b"GET /a HTTP/1.1\r\n\r\n", b"POST /b HTTP/1.1\r\n\r\n"
    lines = [(b"HTTP/1.1 200 OK\r\n", True), (get, False), (b"more", False), (get, False), (b"x", True),
             (b"HTTP/1.1 404 No\r\n", True), (post, False), (b"HTTP/1.1 503 Busy\r\n", True), (b"GET /c\r\n", False)]  # fmt: skip
    assert said(*lines) == [
        Topic("http", "GET /a", "HTTP/1.1 404 No", True, 1, 40, 7, True),
        Topic("http", "POST /b", "HTTP/1.1 503 Busy", True, 1, 10, 2, True),
        Topic("http", "GET /c", "", False, 1, 0, 0, True),
    ]
    assert said((get, False), (b"HTTP/1.1 301 Moved\r\n", True)) == [
        Topic("http", "GET /a", "HTTP/1.1 301 Moved", True, 1, 10, 1)
    ]
    assert said((get, True)) == []


def arp(code: int, size: int = 28) -> bytes:
    return (
        b"\0\1\x08\0\6\4" + bytes([0, code]) + b"\2\0\0\0\0\7" + bytes([10, 0, 0, 1]) + bytes(6) + bytes([10, 0, 0, 2])
    )[:size]


def test_an_arp_question_names_the_address_and_the_answer_its_owner():
    flow = {"protocol": 0, "ethertype": ARP, "version": 0}
    lines = (arp(2), False), (arp(1), False), (arp(1), False), (arp(1), True), (arp(2), True)
    assert said(*lines[1:], **flow) == [Topic("arp", "who has 10.0.0.2?", "02:00:00:00:00:07", True, 2, 30, 3)]
    assert said(*lines, **flow) == []
    assert said(*lines[1:3], **flow, unanswered=(0,)) == [Topic("arp", "who has 10.0.0.2?", "", False, 2, 0, 1, True)]
    assert said(*lines[1:3], **flow) == [Topic("arp", "who has 10.0.0.2?", "", True, 2, 0, 1)]
    assert said((arp(1, 27), False), **flow) == []
    assert said((arp(1) + bytes(18), False), **flow) == said((arp(1), False), **flow)
    assert said((arp(1), False), **flow, announcing=(0,)) == []
    assert said((arp(1), False), (arp(1), False), (arp(2), True), **flow, errors=(0,)) == [
        Topic("arp", "who has 10.0.0.2?", "02:00:00:00:00:07", True, 1, 10, 1)]  # fmt: skip
    assert said((arp(1), False), **flow, errors=(0,)) == []
    assert said((arp(1), False), **flow | {"version": 4}) == []


def test_a_neighbour_solicitation_names_the_address():
    address = bytes.fromhex("fd000000000000000000000000000002")
    flow = {"protocol": ICMPV6, "icmp_type": 135, "version": 6, "ethertype": 0x86DD}
    assert said((address, False), (address + b"xx", True), **flow) == [
        Topic("nd", "who has fd00::2?", "", True, 1, 10, 1)
    ]
    assert said((address[:15], False), **flow) == []
    assert said((address + b"\1\1abcdef", False), **flow) == said((address, False), **flow)
    assert said((address, False), **flow | {"icmp_type": 136}) == []
    assert said((address, False), **flow | {"protocol": UDP}) == []


def test_the_first_64_packets_are_looked_at():
    get = [(b"", False)] * 63 + [(b"GET /late HTTP/1.1\r\n", False)]
    assert [topic.question for topic in said(*get)] == ["GET /late"]
    assert said((b"", False), *get) == []
