"""Captures with one fault each, taken at one place: the frames, what tshark calls the fault, and what cnetkit says of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, UDP, IPerror
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6TimeExceeded,
    IPv6,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN

from tests.trace.conversations.talk import A, B, Frames, Talk, upload

C = "02:00:00:00:00:0c"
ALL = "ff:ff:ff:ff:ff:ff"


def hello() -> bytes:
    """The first record of a TLS client."""
    sent = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname="shop.example")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


@dataclass(frozen=True)
class Fault:
    """A capture with a fault."""

    frames: Callable[[], Frames]
    tshark: str
    """A display filter that finds the fault's frames: expert information, or the field that states it."""
    says: str
    """A regular expression for cnetkit's line. `FRAMES` stands for the numbers of tshark's frames."""


def at(*packets: Any, apart: float = 0.001) -> Frames:
    """One after the other from the client's side A; a pair has its own time after the one before."""
    frames, now = [], 1000.0
    for item in packets:
        late, packet = item if isinstance(item, tuple) else (apart, item)
        now += late
        frames.append((now, bytes(packet)))
    return frames


def there(packet: Any) -> Any:
    return Ether(src=A, dst=B) / packet


def back(packet: Any) -> Any:
    return Ether(src=B, dst=A) / packet


def ip(reply: bool = False, **fields: Any) -> Any:
    ends = {"src": "10.0.0.2", "dst": "10.0.0.1"} if reply else {"src": "10.0.0.1", "dst": "10.0.0.2"}
    return IP(**(ends | fields))


def dns(number: int, name: str = "shop.example", reply: bool = False, code: int = 0) -> Any:
    ports = {"sport": 53, "dport": 40000} if reply else {"sport": 40000, "dport": 53}
    answer = [DNSRR(rrname=name, rdata="10.9.9.9")] if reply and not code else []
    message = DNS(id=number, qr=int(reply), rcode=code, qd=[DNSQR(qname=name)], an=answer, ns=[], ar=[])
    return (back if reply else there)(ip(reply) / UDP(**ports) / message)


def icmp_error(kind: int, code: int, sender: str = "10.0.0.2", port: int = 7, **more: int) -> Frames:
    asked = ip(id=9, ttl=3) / UDP(sport=40000, dport=port) / b"hello"
    error = IP(src=sender, dst="10.0.0.1") / ICMP(type=kind, code=code, **more) / IPerror(bytes(asked)[:28])
    return at(there(asked), back(error))


def refused_by_icmp_after_syn(code: int) -> Frames:
    syn = Talk().say("S").frames[0][1]
    error = IP(src="10.0.0.254", dst="10.0.0.1") / ICMP(type=3, code=code) / IPerror(syn[14:42])
    return at(Ether(syn), back(error))


def black_hole() -> Frames:
    """Small segments pass; a full one is sent again and again, and nothing comes back."""
    talk = Talk().opened().say("PA", 1, 1, b"GET / HTTP/1.1\r\n\r\n").say("A", 1, 19, back=True)
    for late in (0.01, 0.3, 0.6, 1.2):
        talk.say("A", 1, 19, bytes(1448), back=True, after=late)
    return talk.frames


def too_big() -> Frames:
    talk = Talk().opened().say("A", 1, 1, bytes(1448))
    error = (
        IP(src="10.0.0.254", dst="10.0.0.1")
        / ICMP(type=3, code=4, nexthopmtu=1400)
        / IPerror(talk.frames[-1][1][14:42])
    )
    talk.frames.append((talk.now + 0.001, bytes(back(error))))
    return talk.say("A", 1, 1, bytes(1360), after=0.01).say("A", 1, 1361, back=True).frames


def in_vxlan() -> Frames:
    outer = Ether(src=A, dst=B) / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=50000, dport=4789) / VXLAN(vni=42)
    return [(when, bytes(outer / Ether(frame))) for when, frame in Talk().say("S").say("RA", 0, 1, back=True).frames]


def in_vlan() -> Frames:
    frames = Talk().say("S").say("S", after=1).say("S", after=2).frames
    return [(when, bytes(Ether(src=A, dst=B) / Dot1Q(vlan=7) / IP(frame[14:]))) for when, frame in frames]


def fast_retransmission() -> Frames:
    """One segment was lost behind the tap: three duplicate acknowledgements, and it is sent again at once."""
    talk = Talk().opened()
    for n in range(6):
        talk.say("A", 1 + n * 100, 1, bytes(100), after=0.0001)
    talk.say("A", 1, 101, back=True, after=0.02)
    for _ in range(4):
        talk.say("A", 1, 101, back=True, after=0.0001)
    return talk.say("A", 101, 1, bytes(100), after=0.001).say("A", 1, 601, back=True, after=0.02).frames


def spurious() -> Frames:
    """It had been acknowledged before it was sent again."""
    return Talk().opened().say("PA", 1, 1, bytes(100)).say("A", 1, 101, back=True).say(
        "PA", 1, 1, bytes(100), after=0.3).say("A", 1, 101, back=True).frames  # fmt: skip


def full_window() -> Frames:
    talk = Talk().say("S").say("SA", 0, 1, back=True, window=300).say("A", 1, 1)
    for n in range(3):
        talk.say("A", 1 + n * 100, 1, bytes(100))
    talk.say("A", 1, 301, back=True, window=0)
    for late in (0.3, 0.6):
        talk.say("A", 301, 1, b"x", after=late).say("A", 1, 301, back=True, window=0)
    return talk.frames


def keep_alives() -> Frames:
    talk = Talk().opened().exchanged()
    for _ in range(3):
        talk.say("A", 400, 401, after=30)
    return talk.frames


def one_side() -> Frames:
    talk = Talk().opened().exchanged().closed()
    return [(when, frame) for when, frame in talk.frames if frame[6:12] == bytes.fromhex(A.replace(":", ""))]


def request_and(reply: bytes, request: bytes = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", port: int = 80) -> Frames:
    talk = Talk(port).opened().say("PA", 1, 1, request)
    size = 1 + len(request)
    talk.say("PA", 1, size, reply, back=True).say("A", size, 1 + len(reply))
    return talk.frames


def echo(number: int, reply: bool = False) -> Any:
    return (back if reply else there)(ip(reply) / ICMP(type=0 if reply else 8, id=5, seq=number) / b"ping")


def claim(mac: str, op: int = 2) -> Any:
    return Ether(src=mac, dst=ALL) / ARP(op=op, psrc="10.0.0.9", pdst="10.0.0.9", hwsrc=mac, hwdst=ALL)


def solicitation(target: str = "fd00::9") -> Any:
    to = Ether(src=A, dst="33:33:ff:00:00:09") / IPv6(src="fd00::1", dst="ff02::1:ff00:9")
    return to / ICMPv6ND_NS(tgt=target) / ICMPv6NDOptSrcLLAddr(lladdr=A)


def who_has(target: str = "10.0.0.9") -> Any:
    return Ether(src=A, dst=ALL) / ARP(op=1, psrc="10.0.0.1", pdst=target, hwsrc=A)


def ttl6() -> Frames:
    asked = IPv6(src="fd00::1", dst="fd00::2", hlim=1) / UDP(sport=40000, dport=33434) / b"x"
    error = IPv6(src="fd00::fe", dst="fd00::1") / ICMPv6TimeExceeded() / bytes(asked)
    return at(there(asked), back(error))


def reused(then: Callable[[Talk], Talk]) -> Frames:
    """A closed connection, and five seconds later another one from the same port."""
    talk = Talk().opened().exchanged().closed()
    talk.now, talk.isn = talk.now + 5, (90000, 70000)
    return then(talk).frames


FAULTS = {
    "syn unanswered": Fault(lambda: Talk().say("S").say("S", after=1).say("S", after=2).frames,
        "tcp.analysis.retransmission", r"! .*:80: unanswered after 3 tries.*retransmitted\) \(frame.number FRAMES\)"),
    "refused by a reset": Fault(lambda: Talk().say("S").say("RA", 0, 1, back=True).frames,
        "tcp.connection.rst", r"! .*refused: 10\.0\.0\.2 reset the SYN.*\(frame.number FRAMES\)"),
    "refused by ICMP port": Fault(lambda: icmp_error(3, 3),
        "icmp.type == 3 && icmp.code == 3", r"! .*10\.0\.0\.2 sent ICMP port unreachable \(frame.number FRAMES\)"),
    "refused by ICMP host": Fault(lambda: refused_by_icmp_after_syn(1),
        "icmp.code == 1", r"! .*tcp .*10\.0\.0\.254 sent ICMP host unreachable \(frame.number FRAMES\)"),
    "refused by ICMP admin": Fault(lambda: refused_by_icmp_after_syn(13),
        "icmp.code == 13", r"! .*10\.0\.0\.254 sent ICMP communication administratively prohibited \(frame.number FRAMES\)"),
    "reset by the server": Fault(lambda: Talk().opened().exchanged().say("R", 401, back=True).frames,
        "tcp.connection.rst", r"! .*reset by 10\.0\.0\.2 after .*\(frame.number FRAMES\)"),
    "reset by the client": Fault(lambda: Talk().opened().exchanged().say("RA", 401, 401).frames,
        "tcp.connection.rst", r"! .*reset by 10\.0\.0\.1 after .*\(frame.number FRAMES\)"),
    "retransmission": Fault(lambda: upload([0, 1, 2, 3, 4], {1: 0.3, 2: 0.4}).frames,
        "tcp.analysis.retransmission", r"! .*sent again \(retransmitted\) \(frame.number FRAMES\)"),
    "fast retransmission": Fault(fast_retransmission,
        "tcp.analysis.fast_retransmission", r"! .*sent again \(retransmitted\) \(frame.number FRAMES\)"),
    "duplicate acknowledgements": Fault(fast_retransmission,
        "tcp.analysis.duplicate_ack", r"! .*\(duplicate ACKs\) \(frame.number FRAMES\)"),
    "spurious retransmission": Fault(spurious,
        "tcp.analysis.spurious_retransmission", r"! .*sent again \(retransmitted\) \(frame.number FRAMES\)"),
    "out of order": Fault(lambda: upload([0, 1, 3], {2: 0.0002}).frames,
        "tcp.analysis.out_of_order", r".*out of order \(frame.number FRAMES\)"),
    "lost before the tap": Fault(lambda: upload([0, 1, 3, 4, 5]).frames,
        "tcp.analysis.lost_segment", r"! .*gap before a segment \(frame.number FRAMES\)"),
    "zero window": Fault(lambda: Talk().opened().exchanged().say("A", 401, 401, back=True, window=0).frames,
        "tcp.analysis.zero_window", r"! .*zero window .*\(frame.number FRAMES\)"),
    "window full, then probed": Fault(full_window,
        "tcp.analysis.zero_window", r"! .*zero window .*\(frame.number FRAMES\)"),
    "keep-alive unanswered": Fault(keep_alives,
        "tcp.analysis.keep_alive", r"! .*nothing came back.*3 keep-alives \(frame.number FRAMES\)"),
    "half closed": Fault(lambda: Talk().opened().exchanged().say("FA", 401, 401).say("A", 401, 402, back=True).frames,
        "tcp.flags.fin == 1", r".*10\.0\.0\.1 closed its half \(frame.number FRAMES\)"),
    "dns never answered": Fault(lambda: at(dns(1), (4.0, dns(1)), dns(2, "here.example"), dns(2, "here.example", reply=True)),
        "dns.retransmit_request", r"! .*dns A shop\.example: unanswered after 2 tries"),
    "dns nxdomain": Fault(lambda: at(dns(1), dns(1, reply=True, code=3)),
        "dns.flags.rcode == 3", r"! .*1 error answer \(frame.number FRAMES\).*dns A shop\.example: NXDOMAIN"),
    "dns servfail": Fault(lambda: at(dns(1), dns(1, reply=True, code=2)),
        "dns.flags.rcode == 2", r"! .*1 error answer \(frame.number FRAMES\).*dns A shop\.example: SERVFAIL"),
    "dns slow": Fault(lambda: at(dns(1), (2.5, dns(1, reply=True))),
        "dns.time > 1", r"! .*1 slow answer \(frame.number FRAMES\).*dns A shop\.example: 10\.9\.9\.9 in 2\.5 s"),
    "arp unanswered": Fault(lambda: at(who_has(), who_has(), who_has(), apart=1.0),
        "arp.opcode == 1", r"! .*who has 10\.0\.0\.9\?: unanswered after 3 tries"),
    "duplicate address": Fault(lambda: at(claim(A), claim(C), claim(A)),
        "arp.duplicate-address-detected",
        r"! .*\(frame.number FRAMES\): 10\.0\.0\.9 is claimed by 02:00:00:00:00:0a and by 02:00:00:00:00:0c"),
    "neighbour discovery unanswered": Fault(lambda: at(solicitation(), solicitation(), solicitation(), apart=1.0),
        "icmpv6.type == 135", r"! .*who has fd00::9\?: unanswered after 3 tries"),
    "a black hole for large packets": Fault(black_hole,
        "tcp.analysis.retransmission", r"! .*nothing came back.*retransmitted\) \(frame.number FRAMES\)"),
    "fragmentation needed": Fault(too_big,
        "icmp.code == 4", r"! .*ICMP fragmentation needed \(frame.number FRAMES\)"),
    "ttl exceeded": Fault(lambda: icmp_error(11, 0, "10.0.0.254"),
        "icmp.type == 11", r"! .*10\.0\.0\.254 sent ICMP time to live exceeded in transit \(frame.number FRAMES\)"),
    "hop limit exceeded": Fault(ttl6,
        "icmpv6.type == 3", r"! .*fd00::fe sent ICMP hop limit exceeded in transit \(frame.number FRAMES\)"),
    "ping unanswered now and then": Fault(lambda: at(*(echo(n, reply) for n in range(4) for reply in (False, True)
                                                       if not (n == 2 and reply)), apart=0.5),
        "icmp.no_resp", r"! .*1 request without an answer \(frame.number FRAMES\)"),
    "ping6 unanswered": Fault(lambda: at(*(there(IPv6(src="fd00::1", dst="fd00::2") / ICMPv6EchoRequest(id=5, seq=n))
                                           for n in range(3)), apart=1.0),
        "icmpv6.no_resp", r"! .*unanswered after 3 tries"),
    "tls alert": Fault(lambda: request_and(bytes.fromhex("15030300020228"), hello(), 443),
        "tls.alert_message.level == 2",
        r"! .*1 fatal TLS alert \(frame.number FRAMES\).*tls shop\.example: TLS alert: handshake failure"),
    "http error": Fault(lambda: request_and(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
        "http.response.code == 503", r"! .*1 error answer \(frame.number FRAMES\).*GET /x: HTTP/1\.1 503 Service Unavailable"),
    "inside vxlan": Fault(in_vxlan,
        "tcp.connection.rst", r"! .*in vxlan 42 .*refused: 10\.0\.0\.2 reset the SYN.*\(frame.number FRAMES\)"),
    "inside a vlan": Fault(in_vlan,
        "tcp.analysis.retransmission", r"! .*vlan 7.*unanswered after 3 tries.*\(frame.number FRAMES\)"),
    "port reused, then refused": Fault(lambda: reused(lambda talk: talk.say("S").say("RA", 0, 1, back=True)),
        "tcp.connection.rst", r"! .*refused: 10\.0\.0\.2 reset the SYN.*\(frame.number FRAMES\)"),
    "port reused": Fault(lambda: reused(lambda talk: talk.opened().exchanged().closed()),
        "tcp.analysis.reused_ports", r"port reused\) \(frame.number FRAMES\)"),
    "one side captured": Fault(one_side,
        "tcp.completeness == 29", r".*only what 10\.0\.0\.1 sent was captured"),
}  # fmt: skip

HEALTHY: dict[str, Callable[[], Frames]] = {
    "a connection": lambda: Talk().opened().exchanged().closed().frames,
    "a connection that stays open": lambda: Talk().opened().exchanged().frames,
    "an answered keep-alive": lambda: Talk().opened().exchanged().say("A", 400, 401, after=30)
        .say("A", 401, 401, back=True).frames,
    "a reset after both closed": lambda: Talk().opened().exchanged().closed().say("R", 402, back=True).frames,
    "a port used again": FAULTS["port reused"].frames,
    "names": lambda: at(dns(1), dns(1, reply=True), dns(2), dns(2, reply=True)),
    "another protocol at the port of DNS": lambda: at(
        *(way / UDP(sport=sport, dport=dport) / bytes([n, 7] * 12) for n in range(4)
          for way, sport, dport in ((there(ip()), 40000, 53), (back(ip(True)), 53, 40000)))),
    "a search list": lambda: at(dns(1, "web.a.example"), dns(1, "web.a.example", True, 3), dns(2, "web"), dns(2, "web", True)),
    "pings": lambda: at(*(echo(n, reply) for n in range(4) for reply in (False, True)), apart=0.5),
    "a ping that was doubled on its way": lambda: at(echo(1), echo(1, True), echo(1)),
    "an address resolved": lambda: at(who_has("10.0.0.2"), back(ARP(op=2, psrc="10.0.0.2", pdst="10.0.0.1", hwsrc=B, hwdst=A))),
    "an address announced": lambda: at(claim(A, 1), (1.0, claim(A, 1)), (1.0, claim(A))),
    "an address probed": lambda: at(*[Ether(src=A, dst=ALL)
        / ARP(op=1, psrc="0.0.0.0", pdst="10.0.0.9", hwsrc=A)] * 3, apart=1.0),
    "a neighbour found": lambda: at(solicitation(), Ether(src=B, dst=A) / IPv6(src="fd00::9", dst="fd00::1")
        / ICMPv6ND_NA(tgt="fd00::9", S=1) / ICMPv6NDOptDstLLAddr(lladdr=B)),
    "an IPv6 address probed": lambda: at(*[Ether(src=A, dst="33:33:ff:00:00:09") / IPv6(src="::", dst="ff02::1:ff00:9")
        / ICMPv6ND_NS(tgt="fd00::9")] * 2, apart=1.0),
    "a web page": lambda: request_and(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "a page not modified": lambda: request_and(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "a TLS server": lambda: request_and(bytes.fromhex("160303000402000000"), hello(), 443),
    "a TLS close": lambda: request_and(bytes.fromhex("15030300020100"), hello(), 443),
    "a log message": lambda: at(there(ip() / UDP(sport=40000, dport=514) / b"<1>hello")),
    "names by multicast": lambda: at(Ether(src=A, dst="01:00:5e:00:00:fb") / IP(src="10.0.0.1", dst="224.0.0.251")
        / UDP(sport=5353, dport=5353) / DNS(id=0, qd=[DNSQR(qname="printer.local")], an=[], ns=[], ar=[])),
}  # fmt: skip
"""Captures without a fault."""
