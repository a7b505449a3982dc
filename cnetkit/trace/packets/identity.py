"""Digests of the parts of a frame that each kind of step preserves. Frames of one packet have equal digests.

A digest only proposes candidates; a step decides. Interfaces, times and the topology play no role here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.chunks import by_chunks
from cnetkit.recording.columns import Columns
from cnetkit.recording.protocols import ICMP, ICMPV6
from cnetkit.trace.arrays.digests import U64, Rows, mix


@dataclass(frozen=True, slots=True)
class Identity:
    """n rows in the order of time; all arrays have length n."""

    packet: U64
    """Preserved by NAT: identification, protocol, TCP sequence numbers and flags, ICMP type, payload."""
    ends: U64
    """The addresses and ports, which NAT changes."""
    source: U64
    """Protocol, source address and port."""
    target: U64
    """Protocol, destination address and port."""
    inner: U64
    """The innermost packet with its TTL and MAC addresses: preserved by a bridge, and by entering or leaving a tunnel."""
    outer: U64
    """The encapsulation around it, without the outermost TTL and MAC addresses; meaningless at depth 0."""
    wire: U64
    """The whole frame, as a cable or a bridge preserves it."""
    hops: NDArray[np.int16]
    """The outermost TTL or hop limit; -1 if the packet is not IP."""

    def reverse(self, rows: Rows) -> U64:
        """The `ends` of replies to these rows."""
        return mix(self.target[rows], self.source[rows])


def identify(columns: Columns, order: Rows, link_addresses: bool) -> Identity:
    """The identity of each frame; `order` lists the frames by time.

    `link_addresses` is false if some frames were captured without both MAC addresses (`tcpdump -i any`).
    """
    whole = {f.name: np.empty(len(order), np.int16 if f.name == "hops" else np.uint64) for f in fields(Identity)}
    bare = not columns.depth.any() and not columns.vlan.any()
    if bare:
        whole |= {"outer": np.zeros(len(order), np.uint64), "wire": whole["inner"]}

    def some(part: slice) -> None:
        for name, column in _identified(columns, order[part], link_addresses, bare).items():
            whole[name][part] = column

    by_chunks(len(order), some)
    return Identity(**whole)  # type: ignore[arg-type]


def _identified(columns: Columns, rows: Rows, link_addresses: bool, bare: bool) -> dict[str, NDArray[np.generic]]:
    """The fields of an Identity for some rows. For `bare` packets, in no tunnel or VLAN, `inner` is the whole frame."""
    at = _straight(rows)
    c = {name: getattr(columns, name)[at] for name in _USED}
    icmp = (c["protocol"] == ICMP) | (c["protocol"] == ICMPV6)
    sport, dport = (np.where(icmp, c["icmp_id"], c[name]).astype(np.uint64) for name in ("sport", "dport"))
    packet = _packet(c)
    source = mix(c["src_high"], c["src_low"], sport, c["protocol"])
    target = mix(c["dst_high"], c["dst_low"], dport, c["protocol"])
    ends = mix(source, target)
    links = (c["eth_src"], c["eth_dst"]) if link_addresses else ()
    inner = mix(packet, ends, c["tos"], c["ttl"], *links)
    hops = np.where(c["version"] > 0, c["ttl"].astype(np.int16), np.int16(-1))
    digests = {"packet": packet, "ends": ends, "source": source, "target": target, "inner": inner, "hops": hops}
    if bare:
        return digests
    wire, outer = mix(inner, c["vlan"]), np.zeros(len(rows), np.uint64)
    deep = np.flatnonzero(c["depth"])
    if len(deep):
        o = {name: getattr(columns, "outer_" + name)[rows[deep]] for name in _OUTER}
        outer[deep] = mix(c["depth"][deep], c["vni"][deep], *(o[name] for name in _AROUND))
        around = mix(wire[deep], outer[deep], o["ttl"], o["vlan"])
        wire[deep] = mix(around, o["eth_src"], o["eth_dst"]) if link_addresses else around
        hops[deep] = o["ttl"]
    return digests | {"outer": outer, "wire": wire}


def _straight(rows: Rows) -> Rows | slice:
    """`rows` as a slice if they are consecutive, so that columns are viewed and not copied."""
    if not len(rows) or (rows[1:] != rows[:-1] + 1).any():
        return rows
    return slice(int(rows[0]), int(rows[-1]) + 1)


_AROUND = ("src_high", "src_low", "dst_high", "dst_low", "ident")
_OUTER = (*_AROUND, "ttl", "vlan", "eth_src", "eth_dst")
_PACKED = (
    (("ethertype", 16), ("protocol", 8), ("version", 8), ("ident", 32)),
    (("seq", 32), ("ack", 32)),
    (("flags", 8), ("window", 16), ("icmp_type", 8), ("icmp_code", 8), ("icmp_seq", 16), ("more", 1)),
    (("fragment", 32), ("payload_length", 32)),
)
_USED = sorted(
    {name for group in _PACKED for name, _ in group}
    | {"protocol", "icmp_id", "sport", "dport", "src_high", "src_low", "dst_high", "dst_low", "tos", "ttl", "vlan"}
    | {"eth_src", "eth_dst", "depth", "vni", "payload_digest", "cut"}
)


def packets(columns: Columns, rows: Rows) -> tuple[U64, U64]:
    """`Identity.packet` and `Identity.ends` of these frames only."""
    c = {name: getattr(columns, name)[rows] for name in _USED}
    icmp = (c["protocol"] == ICMP) | (c["protocol"] == ICMPV6)
    sport, dport = (np.where(icmp, c["icmp_id"], c[name]).astype(np.uint64) for name in ("sport", "dport"))
    ends = mix(c["src_high"], c["src_low"], sport, c["dst_high"], c["dst_low"], dport, c["protocol"])
    return _packet(c), ends


def _packet(c: dict[str, NDArray[np.generic]]) -> U64:
    whole = c["payload_length"].astype(np.int64) + c["cut"].astype(
        np.int64
    )  # independent of where the capture truncated the packet
    c = c | {"payload_length": whole}
    return mix(*_words(c), c["payload_digest"])


def _words(c: dict[str, NDArray[np.generic]]) -> Iterable[U64]:
    """Small columns packed into 64-bit words, without TCP's ECN flags, which a router may change."""
    for group in _PACKED:
        word: U64 = np.zeros(len(c["protocol"]), np.uint64)
        for name, bits in group:
            low = c[name].astype(np.uint64) & np.uint64((1 << bits) - 1 if name != "flags" else 0x3F)
            word = (word << np.uint64(bits)) | low
        yield word
