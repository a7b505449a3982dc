"""The fields that a selection can name, as in Wireshark, and their columns. Listed in docs/selection.md.

A field has one or more parts; a test is true if it is true for one of them. Comparisons are in matching.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import DIRECTIONS
from cnetkit.recording.protocols import ARP, ICMP, ICMPV6, SCTP, TCP, UDP
from cnetkit.trace.arrays.distinct import Distinct
from cnetkit.trace.outcome.endings import OUTCOMES
from cnetkit.trace.packets.changes import DECRYPTED, ENCRYPTED
from cnetkit.trace.query.analysis import Analysis
from cnetkit.trace.steps import NAMES

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """One column, one element per frame; `there` says which frames have a value, all if None."""

    values: NDArray[Any]
    """Numbers; of an address the low 64 bits."""
    there: Flags | None = None
    high: NDArray[np.uint64] | None = None
    """The high 64 bits of an address, 0 for IPv4."""
    six: Flags | bool = False
    """Which addresses are IPv6."""
    words: Distinct[str] | None = None


Columns = Callable[[Analysis], list[Part]]


def _column(name: str, there: Callable[[Analysis], Flags] | None = None) -> Columns:
    return lambda analysis: [
        Part(getattr(analysis.joined.columns, name), None if there is None else there(analysis)),
    ]


def _protocol(*numbers: int) -> Callable[[Analysis], Flags]:
    return lambda analysis: np.logical_and(
        analysis.joined.columns.version != 0, np.isin(analysis.joined.columns.protocol, numbers)
    )


def _version(*numbers: int) -> Callable[[Analysis], Flags]:
    return lambda analysis: np.isin(analysis.joined.columns.version, numbers)


def _arp(analysis: Analysis) -> Flags:
    chosen: Flags = (analysis.joined.columns.version == 0) & (analysis.joined.columns.ethertype == ARP)
    return chosen


def _tunnel(number: int) -> Callable[[Analysis], Flags]:
    return lambda analysis: (analysis.joined.columns.depth > 0) & (analysis.joined.columns.tunnel == number)


def _flag(test: Callable[[Analysis], Flags]) -> Columns:
    return lambda analysis: [Part(test(analysis).astype(np.uint8))]


def _bit(value: int) -> Columns:
    tcp = _protocol(TCP)
    return _flag(lambda analysis: tcp(analysis) & (analysis.joined.columns.flags & value > 0))


def _address(name: str, there: Callable[[Analysis], Flags]) -> Columns:
    def columns(analysis: Analysis) -> list[Part]:
        c = analysis.joined.columns
        high = getattr(c, f"{name}_high")
        six = c.outer_src_high > 0 if name.startswith("outer") else c.version == 6
        return [Part(getattr(c, f"{name}_low"), there(analysis), high, six)]

    return columns


def _outer(name: str) -> Columns:
    return _address(f"outer_{name}", lambda analysis: analysis.joined.columns.depth > 0)


def _either(*fields: Columns) -> Columns:
    return lambda analysis: [part for field in fields for part in field(analysis)]


def _of_journey(values: Callable[[Analysis], NDArray[Any]]) -> Columns:
    """The value of a journey for each of its frames."""
    return lambda analysis: [Part(analysis.frames.of_journey(values(analysis), 0), _in_journey(analysis))]


def _outcome(number: int) -> Columns:
    return _flag(lambda analysis: analysis.frames.kind == number)


def _words(words: Callable[[Analysis], Distinct[str]], there: Callable[[Analysis], Flags] | None = None) -> Columns:
    def columns(analysis: Analysis) -> list[Part]:
        texts = words(analysis)
        return [Part(texts.code, None if there is None else there(analysis), words=texts)]

    return columns


def _of_taps(word: Callable[[str, str], str]) -> Columns:
    def words(analysis: Analysis) -> Distinct[str]:
        frames = analysis.recording.frames
        return Distinct(frames.tap.astype(np.int64), [word(tap.node, tap.interface) for tap in frames.taps])

    return _words(words)


def _in_journey(analysis: Analysis) -> Flags:
    return analysis.joined.journey >= 0


def _ports(*numbers: int) -> Mapping[str, Columns]:
    there = _protocol(*numbers)
    source, target = _column("sport", there), _column("dport", there)
    return {"srcport": source, "dstport": target, "port": _either(source, target)}


def _times(analysis: Analysis) -> list[Part]:
    time = analysis.recording.frames.time_ns
    return [Part(time - time.min(initial=time.max(initial=0)))]


def _tags(analysis: Analysis) -> list[Part]:
    vlan = analysis.joined.columns.vlan
    return [Part(vlan & 0xFFF, vlan > 0), Part(vlan >> 12, vlan > 0xFFF)]


_SRC, _DST = _address("src", _version(4, 6)), _address("dst", _version(4, 6))
_SRC6, _DST6 = _address("src", _version(6)), _address("dst", _version(6))
_ARP_SRC, _ARP_DST = _address("src", _arp), _address("dst", _arp)
_ICMP, _ICMPV6, _ANY_IP = _protocol(ICMP), _protocol(ICMPV6), _version(4, 6)

_ALL: dict[str, tuple[str, Columns]] = {
    "frame.number": ("whole", lambda analysis: [Part(np.arange(1, len(analysis.joined.journey) + 1))]),
    "frame.time": ("duration", _times),
    "frame.len": ("whole", lambda analysis: [Part(analysis.recording.frames.length)]),
    "frame.cap_len": ("whole", lambda analysis: [Part(analysis.recording.frames.captured)]),
    "node": ("text", _of_taps(lambda node, interface: node)),
    "interface": ("text", _either(
        _of_taps(lambda node, interface: interface), _of_taps(lambda node, interface: f"{node}/{interface}"))),
    "direction": ("text", _words(lambda analysis: Distinct(analysis.joined.direction.astype(np.int64), list(DIRECTIONS)))),
    "protocol": ("text", _words(lambda analysis: analysis.frames.protocols)),
    "eth": ("flag", _flag(lambda analysis: analysis.frames.addressed)),
    "eth.src": ("mac", _column("eth_src", lambda analysis: analysis.frames.addressed)),
    "eth.dst": ("mac", _column("eth_dst", lambda analysis: analysis.frames.addressed)),
    "eth.type": ("number", _column("ethertype")),
    "vlan": ("flag", _flag(lambda analysis: analysis.joined.columns.vlan > 0)),
    "vlan.id": ("number", _tags),
    "arp": ("flag", _flag(_arp)),
    "arp.src.proto_ipv4": ("address", _ARP_SRC),
    "arp.dst.proto_ipv4": ("address", _ARP_DST),
    "ip": ("flag", _flag(_version(4))),
    "ipv6": ("flag", _flag(_version(6))),
    "ip.version": ("number", _column("version", _ANY_IP)),
    "ip.src": ("address", _SRC),
    "ip.dst": ("address", _DST),
    "ip.addr": ("address", _either(_SRC, _DST)),
    "ipv6.src": ("address", _SRC6),
    "ipv6.dst": ("address", _DST6),
    "ipv6.addr": ("address", _either(_SRC6, _DST6)),
    "ip.ttl": ("number", _column("ttl", _ANY_IP)),
    "ip.id": ("number", _column("ident", _version(4))),
    "ip.len": ("number", _column("length", _ANY_IP)),
    "ip.proto": ("number", _column("protocol", _ANY_IP)),
    "ip.dsfield": ("number", _column("tos", _ANY_IP)),
    "ip.frag_offset": ("number", _column("fragment", _ANY_IP)),
    "ip.flags.mf": ("flag", _flag(lambda analysis: analysis.joined.columns.more)),
    "tcp.seq": ("number", _column("seq", _protocol(TCP))),
    "tcp.ack": ("number", _column("ack", _protocol(TCP))),
    "tcp.len": ("number", _column("payload_length", _protocol(TCP))),
    "tcp.window_size_value": ("number", _column("window", _protocol(TCP))),
    "tcp.flags": ("number", _column("flags", _protocol(TCP))),
    "udp.len": ("number", _column("payload_length", _protocol(UDP))),
    "icmp.type": ("number", _column("icmp_type", _ICMP)),
    "icmp.code": ("number", _column("icmp_code", _ICMP)),
    "icmp.ident": ("number", _column("icmp_id", _ICMP)),
    "icmp.seq": ("number", _column("icmp_seq", _ICMP)),
    "icmpv6.type": ("number", _column("icmp_type", _ICMPV6)),
    "icmpv6.code": ("number", _column("icmp_code", _ICMPV6)),
    "vxlan.vni": ("number", _column("vni", _tunnel(1))),
    "gre.key": ("number", _column("vni", _tunnel(2))),
    "geneve.vni": ("number", _column("vni", _tunnel(3))),
    "outer.ip.src": ("address", _outer("src")),
    "outer.ip.dst": ("address", _outer("dst")),
    "tunnels": ("whole", _column("depth")),
    "step": ("text", _words(lambda analysis: Distinct(analysis.joined.step.astype(np.int64), list(NAMES)))),
    "evidence": ("text", _words(lambda analysis: analysis.frames.quotes, _in_journey)),
    "journey": ("number", _of_journey(lambda analysis: np.arange(analysis.journeys.count))),
    "flow": ("number", _of_journey(lambda analysis: analysis.journeys.flow)),
    "hops": ("number", _of_journey(lambda analysis: np.diff(analysis.journeys.members[1]))),
    "latency": ("duration", _of_journey(lambda analysis: analysis.journeys.latency)),
    "outcome": ("text", _words(lambda analysis: Distinct(analysis.frames.kind, list(OUTCOMES)), _in_journey)),
    "reason": ("text", _words(lambda analysis: analysis.frames.reasons, _in_journey)),
    "unexplained": ("flag", _flag(lambda analysis: analysis.joined.journey < 0)),
    "lost": ("flag", _outcome(OUTCOMES.index("lost-from-sight"))),
}  # fmt: skip
_ALL |= {f"{name}.{end}": ("number", columns) for name, number in (("tcp", TCP), ("udp", UDP), ("sctp", SCTP))
         for end, columns in _ports(number).items()}  # fmt: skip
_ALL |= {name: ("flag", _flag(_protocol(number)))
         for name, number in (("tcp", TCP), ("udp", UDP), ("icmp", ICMP), ("icmpv6", ICMPV6), ("sctp", SCTP))}  # fmt: skip
_ALL |= {
    f"tcp.flags.{name}": ("flag", _bit(1 << at))
    for at, name in enumerate(("fin", "syn", "reset", "push", "ack", "urg"))
}
_ALL |= {name: ("flag", _flag(_tunnel(number))) for number, name in enumerate(("vxlan", "gre", "geneve", "ipip"), 1)}
_ALL |= {word: ("flag", _outcome(number)) for number, word in enumerate(OUTCOMES)}

FIELDS = {name: kind for name, (kind, _) in _ALL.items()}
"""The kind of each field's values; see values.KINDS."""


def columns_of(analysis: Analysis, field: str) -> list[Part]:
    """The parts of a field, one element per frame each."""
    return _ALL[field][1](analysis)


CHANGES: Mapping[str, tuple[int, Callable[[Analysis], Flags] | None]] = {
    "eth.src": (1 << 0, None), "eth.dst": (1 << 1, None), "eth.addr": (3, None), "vlan.id": (1 << 2, None),
    "ip.src": (1 << 3, None), "ip.dst": (1 << 4, None), "ip.addr": (3 << 3, None), "ip.ttl": (1 << 5, None),
    "ip.dsfield": (1 << 6, None), "tcp.srcport": (1 << 7, _protocol(TCP)), "tcp.dstport": (1 << 8, _protocol(TCP)),
    "tcp.port": (3 << 7, _protocol(TCP)), "udp.srcport": (1 << 7, _protocol(UDP)),
    "udp.dstport": (1 << 8, _protocol(UDP)), "udp.port": (3 << 7, _protocol(UDP)), "icmp.ident": (1 << 9, _ICMP),
    "encapsulation": (1 << 10 | ENCRYPTED | DECRYPTED, None), "outer.ip.ttl": (1 << 11, None),
    "outer.eth.src": (1 << 12, None), "outer.eth.dst": (1 << 13, None), "tcp.seq": (1 << 14, _protocol(TCP)),
    "ip.len": (1 << 15, None), "ip.frag_offset": (1 << 16, None), "ip.flags.mf": (1 << 17, None),
}  # fmt: skip
"""The fields of `changed(...)`: bits of changes.COMPARED, and the frames to which they apply."""
