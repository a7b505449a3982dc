"""Decodes frames into numpy columns, through VLAN tags, MPLS, PPPoE and tunnels to the innermost packet.

Works in chunks, reading the same header bytes of many frames at once. Truncated or invalid bytes never raise; they
leave zeros and a `problem`. No checksums, and no protocol above TCP and UDP.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording import cut
from cnetkit.recording.chunks import by_chunks
from cnetkit.recording.frames import LINKTYPE_ETHERNET, Frames
from cnetkit.recording.gather import I64, U64, Bytes, digest
from cnetkit.recording.links import LINKS, Chunk, Inner, ethernet, shims
from cnetkit.recording.links.names import named
from cnetkit.recording.network import network
from cnetkit.recording.protocols import BRIDGED
from cnetkit.recording.tunnels import Inside

DEEPEST = 4
"""The most encapsulations that are decoded; a fifth is left as payload."""

PROBLEMS = ("", "shorter than its link header", "link type {} is not decoded")
"""The meaning of the numbers in `Columns.problem`; `problem` fills in the link type."""


@dataclass(frozen=True, slots=True)
class Columns:
    """n frames, one array of length n per field; of the innermost packet unless the name begins with `outer_`.

    A field that a frame lacks is 0. Addresses: IPv4 in `*_low` (`*_high` 0), IPv6 in both halves, MAC in 48 bits; for
    ARP those of sender and target.
    """

    problem: NDArray[np.uint8]
    for_other: NDArray[np.bool_]
    """The kernel says that it is for another host (packet(7), PACKET_OTHERHOST); only `tcpdump -i any` records it."""
    eth_src: U64
    eth_dst: U64
    ethertype: NDArray[np.uint16]
    vlan: NDArray[np.uint32]
    """The innermost packet's VLAN identifier, 0 without a tag; that of an outer tag in the next twelve bits."""
    version: NDArray[np.uint8]
    """4, 6, or 0 if it is not IP."""
    src_high: U64
    src_low: U64
    dst_high: U64
    dst_low: U64
    tos: NDArray[np.uint8]
    ttl: NDArray[np.uint8]
    ident: NDArray[np.uint32]
    """The identification of IPv4, or of IPv6's fragment header."""
    protocol: NDArray[np.uint8]
    length: NDArray[np.int32]
    """Octets of the IP packet, according to its header."""
    fragment: NDArray[np.int32]
    """Fragment offset in octets."""
    more: NDArray[np.bool_]
    """More fragments follow."""
    sport: NDArray[np.uint16]
    dport: NDArray[np.uint16]
    seq: NDArray[np.uint32]
    ack: NDArray[np.uint32]
    flags: NDArray[np.uint16]
    """TCP's flags, the lowest twelve bits of its 13th and 14th octet."""
    window: NDArray[np.uint16]
    icmp_type: NDArray[np.uint8]
    icmp_code: NDArray[np.uint8]
    icmp_id: NDArray[np.uint16]
    """The echo identifier; of an ICMP error, the IPv4 identification of the packet it quotes."""
    icmp_seq: NDArray[np.uint16]
    payload: I64
    """Where the payload begins in `Frames.data`."""
    payload_length: NDArray[np.int32]
    """Captured octets of payload."""
    cut: NDArray[np.int32]
    """Octets of payload that were not captured, according to the headers."""
    payload_digest: U64
    """Of the part of the payload that all frames have that could show the same packet."""
    network: I64
    """Where the innermost network header begins in `Frames.data`."""
    transport: I64
    """Where the innermost transport header begins in `Frames.data`, 0 if there is none."""
    depth: NDArray[np.uint8]
    """The number of encapsulations that were decoded."""
    tunnel: NDArray[np.uint8]
    """Index into TUNNELS of the innermost encapsulation."""
    vni: NDArray[np.uint32]
    """The network identifier of VXLAN or Geneve, or the key of GRE."""
    outer_eth_src: U64
    outer_eth_dst: U64
    outer_vlan: NDArray[np.uint32]
    outer_src_high: U64
    outer_src_low: U64
    outer_dst_high: U64
    outer_dst_low: U64
    outer_ttl: NDArray[np.uint8]
    outer_ident: NDArray[np.uint32]
    outer_network: I64
    """Where the outermost network header begins in `Frames.data`, 0 without an encapsulation; likewise:"""
    outer_transport: I64

    def __len__(self) -> int:
        return len(self.problem)


OUTER = ("eth_src", "eth_dst", "vlan", "src_high", "src_low", "dst_high", "dst_low", "ttl", "ident",
         "network", "transport")  # fmt: skip
KEPT = ("problem", "for_other", "depth", "tunnel", "vni")
"""Fields that remain when the parser goes one encapsulation deeper, besides the `outer_` ones."""

WIDTHS = {
    f.name: np.dtype(
        {"U64": "u8", "I64": "i8"}.get(str(f.type)) or {"bool_": "?"}.get(str(f.type)[11:-1], str(f.type)[11:-1])
    )
    for f in fields(Columns)
}


def decode(frames: Frames) -> Columns:
    """The columns of `frames`, in their order. Accepts any bytes and never raises because of them."""
    count = len(frames)
    out: Chunk = {name: np.zeros(count, width) for name, width in WIDTHS.items()}
    source = Bytes(frames.data)
    linktypes = np.array([tap.linktype for tap in frames.taps] or [LINKTYPE_ETHERNET], np.int32)
    ends = np.zeros(count, np.int64)

    def dissect(part: slice) -> None:
        start = frames.start[part].astype(np.int64)
        ends[part] = _chunk(
            {name: column[part] for name, column in out.items()},
            source,
            linktypes[frames.tap[part]],
            start,
            start + frames.captured[part],
        )

    by_chunks(count, dissect)
    out["payload_length"][:] = np.maximum(ends - out["payload"].astype(np.int64), 0)
    kept = cut.shared(out, frames)

    def digested(part: slice) -> None:
        out["payload_digest"][part] = digest(source, out["payload"][part], kept[part])

    by_chunks(count, digested)
    return Columns(**out)  # type: ignore[arg-type]


# --- One chunk -------------------------------------------------------------------------------------------------------


def _chunk(out: Chunk, source: Bytes, linktype: NDArray[np.int32], start: I64, end: I64) -> I64:
    """Fills `out` for one chunk; returns where each innermost packet ends."""
    rows = np.arange(len(start))
    stop = end.copy()
    out["payload"][:] = out["network"][:] = start
    inner: list[Inner] = []
    for kind in np.unique(linktype).tolist():
        some = rows[linktype == kind]
        if kind in LINKS:
            inner.append(LINKS[kind](out, source, some, start, end))
        else:
            out["problem"][some] = 2
    for depth in range(DEEPEST + 1):
        tunnels = []
        for rows, at, ethertype in inner:
            if not len(rows):
                continue
            begin, kind = shims.step_over(source, at, ethertype, stop[rows])
            out["ethertype"][rows] = kind
            out["payload"][rows] = out["network"][rows] = begin
            tunnels += network(out, source, rows, begin, kind, stop)
        if depth == DEEPEST:
            break
        inner = [_deeper(out, source, tunnel, stop) for tunnel in tunnels if len(tunnel.rows)]
    return stop


def _deeper(out: Chunk, source: Bytes, inside: Inside, stop: I64) -> Inner:
    """Stores the outermost headers of its rows as `outer_`, clears the rest, and goes one encapsulation deeper."""
    rows, at, ethertype = inside.rows, inside.at, inside.ethertype
    outermost = rows[out["depth"][rows] == 0]
    for name in OUTER:
        out["outer_" + name][outermost] = out[name][outermost]
    for name in WIDTHS:
        if name not in KEPT and not name.startswith("outer_"):
            out[name][rows] = 0
    out["depth"][rows] = out["depth"][rows].astype(np.uint8) + np.uint8(1)
    out["tunnel"][rows], out["vni"][rows] = inside.tunnel, inside.vni
    bridged = ethertype == BRIDGED
    begin = np.zeros(len(stop), np.int64)
    begin[rows] = at
    _, behind, inner_type = ethernet(out, source, rows[bridged], begin, stop)
    at, ethertype = at.copy(), ethertype.copy()
    at[bridged], ethertype[bridged] = behind, inner_type
    return rows, at, ethertype


def problem(frames: Frames, columns: Columns, number: int) -> str:
    """Why a frame was not decoded; empty if it was."""
    return PROBLEMS[int(columns.problem[number])].format(named(frames.taps[int(frames.tap[number])].linktype))
