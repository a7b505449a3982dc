"""Decodes frames into numpy columns, looking through VLAN, VXLAN, GRE, Geneve and IP in IP to the innermost packet.

Works in chunks, gathering the same header bytes of many frames at once; bytes that are cut off or make no sense never
raise, they leave zeros and a `problem`. It joins nothing, checks no checksum, and reads no protocol above TCP and UDP.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording import cut, link_headers as link
from cnetkit.recording.chunks import by_chunks
from cnetkit.recording.frames import (
    LINKTYPE_ETHERNET,
    LINKTYPE_LINUX_SLL,
    LINKTYPE_LINUX_SLL2,
    LINKTYPES_LOOPBACK,
    LINKTYPES_RAW,
    Frames,
)
from cnetkit.recording.gather import I64, U64, Bytes, among, digest
from cnetkit.recording.link_headers import IPV4, IPV6, Chunk

DEEPEST = 4
"""Encapsulations looked through; a fifth is left as payload."""

ARP, BRIDGED = 0x0806, 0x6558
ICMP, IPIP, TCP, UDP, IPV6_IN_IP, GRE, ICMPV6, SCTP = 1, 4, 6, 17, 41, 47, 58, 132
VXLAN_PORTS, GENEVE_PORT = (4789, 8472), 6081
ICMP_ERRORS, ICMPV6_ERRORS = (3, 4, 5, 11, 12), (1, 2, 3, 4)
EXTENSIONS = (0, 43, 44, 51, 60)
"""IPv6 extension headers that are stepped over (RFC 8200; 51 is AH, RFC 4302)."""

TUNNELS = ("", "vxlan", "gre", "geneve", "ipip")
"""What the numbers in `Columns.tunnel` mean."""

PROBLEMS = ("", "shorter than its link header", "link type is not known")
"""What the numbers in `Columns.problem` mean."""


@dataclass(frozen=True, slots=True)
class Columns:
    """n frames, one array of length n a field; of the innermost packet unless the name begins with `outer_`.

    A field that a frame lacks is 0. Addresses: IPv4 in `*_low` (`*_high` 0), IPv6 in both halves, MAC in 48 bits;
    an ARP packet has its sender's and target's.
    """

    problem: NDArray[np.uint8]
    eth_src: U64
    eth_dst: U64
    ethertype: NDArray[np.uint16]
    vlan: NDArray[np.uint32]
    """The innermost packet's VLAN identifier, 0 where it has no tag; that of a tag around it twelve bits higher."""
    version: NDArray[np.uint8]
    """4, 6, or 0 for what is not IP."""
    src_high: U64
    src_low: U64
    dst_high: U64
    dst_low: U64
    tos: NDArray[np.uint8]
    ttl: NDArray[np.uint8]
    ident: NDArray[np.uint32]
    """IPv4's identification, or that of IPv6's fragment header."""
    protocol: NDArray[np.uint8]
    length: NDArray[np.int32]
    """Octets of the IP packet, as its header says."""
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
    """Octets of payload that were captured."""
    cut: NDArray[np.int32]
    """Octets of payload that the capture left out, as far as the headers say."""
    payload_digest: U64
    """Of as much of the payload as every frame has that could show the same packet."""
    network: I64
    """Where the innermost network header begins in `Frames.data`."""
    transport: I64
    """Where the innermost transport header begins in `Frames.data`, 0 where there is none."""
    depth: NDArray[np.uint8]
    """Encapsulations looked through."""
    tunnel: NDArray[np.uint8]
    """Index into TUNNELS of the innermost encapsulation."""
    vni: NDArray[np.uint32]
    """VXLAN's or Geneve's network identifier, or GRE's key."""
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
    """Where the outermost network header begins in `Frames.data`, 0 where nothing is around the packet; likewise:"""
    outer_transport: I64

    def __len__(self) -> int:
        return len(self.problem)


OUTER = ("eth_src", "eth_dst", "vlan", "src_high", "src_low", "dst_high", "dst_low", "ttl", "ident",
         "network", "transport")  # fmt: skip
KEPT = ("problem", "depth", "tunnel", "vni")
"""Fields that stay when the parser goes one encapsulation deeper, beside the `outer_` ones."""

WIDTHS = {
    f.name: np.dtype(
        {"U64": "u8", "I64": "i8"}.get(str(f.type)) or {"bool_": "?"}.get(str(f.type)[11:-1], str(f.type)[11:-1])
    )
    for f in fields(Columns)
}


def decode(frames: Frames) -> Columns:
    """The columns of `frames`, in their order. Takes any bytes; raises nothing because of them."""
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
    """Fills `out` for one chunk; gives where each innermost packet ends."""
    rows = np.arange(len(start))
    stop = end.copy()
    raw, loopback = among(linktype, LINKTYPES_RAW), among(linktype, LINKTYPES_LOOPBACK)
    known = raw | loopback | among(linktype, (LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2))
    out["problem"][~known] = 2
    out["payload"][:] = out["network"][:] = start
    inner = [
        link.ethernet(out, source, rows[linktype == LINKTYPE_ETHERNET], start, end),
        link.raw(out, source, rows[raw], start, end, 0),
        link.raw(out, source, rows[loopback], start, end, 4),
        link.cooked(out, source, rows[linktype == LINKTYPE_LINUX_SLL], start, end, 14, 6, 16),
        link.cooked(out, source, rows[linktype == LINKTYPE_LINUX_SLL2], start, end, 0, 12, 20),
    ]
    for depth in range(DEEPEST + 1):
        tunnels = []
        for rows, at, ethertype in inner:
            if not len(rows):
                continue
            out["ethertype"][rows] = ethertype
            out["payload"][rows] = out["network"][rows] = at
            tunnels += _network(out, source, rows, at, ethertype, stop)
        if depth == DEEPEST:
            break
        inner = [_deeper(out, source, *found, stop) for found in tunnels if len(found[1])]
    return stop


def _deeper(
    out: Chunk, source: Bytes, tunnel: int, rows: I64, at: I64, ethertype: I64, vni: I64, stop: I64
) -> tuple[I64, I64, I64]:
    """Keeps the outermost headers of `rows` as `outer_`, clears the rest, and goes one encapsulation in."""
    outermost = rows[out["depth"][rows] == 0]
    for name in OUTER:
        out["outer_" + name][outermost] = out[name][outermost]
    for name in WIDTHS:
        if name not in KEPT and not name.startswith("outer_"):
            out[name][rows] = 0
    out["depth"][rows] = out["depth"][rows].astype(np.uint8) + np.uint8(1)
    out["tunnel"][rows], out["vni"][rows] = tunnel, vni
    bridged = ethertype == BRIDGED
    begin = np.zeros(len(stop), np.int64)
    begin[rows] = at
    _, inside, inner_type = link.ethernet(out, source, rows[bridged], begin, stop)
    at, ethertype = at.copy(), ethertype.copy()
    at[bridged], ethertype[bridged] = inside, inner_type
    return rows, at, ethertype


# --- Network and transport headers -----------------------------------------------------------------------------------

Found = tuple[int, I64, I64, I64, I64]
"""A tunnel's index in TUNNELS, rows, where the inner packet begins, its EtherType, network identifier."""


def _network(out: Chunk, source: Bytes, rows: I64, at: I64, ethertype: I64, stop: I64) -> list[Found]:
    found: list[Found] = []
    for kind, read in ((ARP, _arp), (IPV4, _ipv4), (IPV6, _ipv6)):
        some = np.flatnonzero(ethertype == kind)
        if len(some):
            found += read(out, source, rows[some], at[some], stop)
    return found


def _arp(out: Chunk, source: Bytes, rows: I64, at: I64, stop: I64) -> list[Found]:
    """RFC 826: the sender's and the target's protocol address as source and destination; all of it is payload."""
    sender, target = source.word(at + 14, stop[rows]), source.word(at + 24, stop[rows])
    out["src_low"][rows], out["dst_low"][rows] = sender >> np.uint64(32), target >> np.uint64(32)
    return []


def _ipv4(out: Chunk, source: Bytes, rows: I64, at: I64, stop: I64) -> list[Found]:
    """RFC 791. A header that is cut or wrong is left as payload."""
    first = source.word(at, stop[rows])
    header = ((first >> np.uint64(56)) & np.uint64(15)).astype(np.int64) * 4
    good = np.flatnonzero((first >> np.uint64(60) == 4) & (header >= 20) & (stop[rows] - at >= header))
    rows, at, first, header = rows[good], at[good], first[good], header[good]
    second = source.word(at + 8, stop[rows])
    size = ((first >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
    fragment = (first & np.uint64(0x1FFF)).astype(np.int64) * 8
    out["version"][rows], out["length"][rows] = 4, size
    out["tos"][rows] = (first >> np.uint64(48)) & np.uint64(0xFF)
    out["ident"][rows] = (first >> np.uint64(16)) & np.uint64(0xFFFF)
    out["fragment"][rows], out["more"][rows] = fragment, (first & np.uint64(0x2000)) != 0
    out["ttl"][rows] = second >> np.uint64(56)
    out["src_low"][rows] = second & np.uint64(0xFFFFFFFF)
    out["dst_low"][rows] = source.word(at + 16, stop[rows]) >> np.uint64(32)
    protocol = ((second >> np.uint64(48)) & np.uint64(0xFF)).astype(np.int64)
    _trim(stop, rows, at, size, header)
    return _transport(out, source, rows, at + header, protocol, fragment, stop)


def _ipv6(out: Chunk, source: Bytes, rows: I64, at: I64, stop: I64) -> list[Found]:
    """RFC 8200, stepping over extension headers."""
    first = source.word(at, stop[rows])
    good = np.flatnonzero((first >> np.uint64(60) == 6) & (stop[rows] - at >= 40))
    rows, at, first = rows[good], at[good], first[good]
    size = ((first >> np.uint64(16)) & np.uint64(0xFFFF)).astype(np.int64) + 40
    protocol = ((first >> np.uint64(8)) & np.uint64(0xFF)).astype(np.int64)
    out["version"][rows], out["length"][rows] = 6, size
    out["tos"][rows] = (first >> np.uint64(52)) & np.uint64(0xFF)
    out["ttl"][rows] = first & np.uint64(0xFF)
    for offset, name in ((8, "src_high"), (16, "src_low"), (24, "dst_high"), (32, "dst_low")):
        out[name][rows] = source.word(at + offset, stop[rows])
    _trim(stop, rows, at, size, np.full(len(rows), 40))
    at, fragment = at + 40, np.zeros(len(rows), np.int64)
    for _ in range(8):
        extra = np.flatnonzero(among(protocol, EXTENSIONS) & (fragment == 0) & (at + 8 <= stop[rows]))
        if not len(extra):
            break
        head = source.word(at[extra], stop[rows[extra]])
        kind, octet = protocol[extra], ((head >> np.uint64(48)) & np.uint64(0xFF)).astype(np.int64)
        cut = kind == 44
        fragment[extra[cut]] = ((head[cut] >> np.uint64(32)) & np.uint64(0xFFF8)).astype(np.int64)
        out["more"][rows[extra[cut]]] = ((head[cut] >> np.uint64(32)) & np.uint64(1)) != 0
        out["ident"][rows[extra[cut]]] = head[cut] & np.uint64(0xFFFFFFFF)
        protocol[extra] = (head >> np.uint64(56)).astype(np.int64)
        at[extra] += np.select([cut, kind == 51], [np.full(len(extra), 8), octet * 4 + 8], octet * 8 + 8)
    out["fragment"][rows] = fragment
    return _transport(out, source, rows, np.minimum(at, stop[rows]), protocol, fragment, stop)


def _trim(stop: I64, rows: I64, at: I64, size: I64, header: I64) -> None:
    """Lets a packet end where its header says, leaving out Ethernet's padding; a size of 0 means a large segment."""
    said = np.flatnonzero(size >= header)
    stop[rows[said]] = np.minimum(stop[rows[said]], at[said] + size[said])


def _transport(out: Chunk, source: Bytes, rows: I64, at: I64, protocol: I64, fragment: I64, stop: I64) -> list[Found]:
    """TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792, RFC 4443), SCTP's ports; finds tunnels."""
    out["protocol"][rows], out["payload"][rows], out["transport"][rows] = protocol, at, at
    whole = np.flatnonzero((fragment == 0) & (at < stop[rows]))
    rows, at, protocol = rows[whole], at[whole], protocol[whole]
    first, end = source.word(at, stop[rows]), stop[rows]
    ported = np.flatnonzero(among(protocol, (TCP, UDP, SCTP)))
    out["sport"][rows[ported]] = first[ported] >> np.uint64(48)
    out["dport"][rows[ported]] = (first[ported] >> np.uint64(32)) & np.uint64(0xFFFF)
    tcp, icmp = np.flatnonzero(protocol == TCP), np.flatnonzero((protocol == ICMP) | (protocol == ICMPV6))
    second = source.word(at[tcp] + 8, end[tcp])
    out["seq"][rows[tcp]] = first[tcp] & np.uint64(0xFFFFFFFF)
    out["ack"][rows[tcp]] = second >> np.uint64(32)
    out["flags"][rows[tcp]] = (second >> np.uint64(16)) & np.uint64(0xFFF)
    out["window"][rows[tcp]] = second & np.uint64(0xFFFF)
    header = ((second >> np.uint64(28)) & np.uint64(15)).astype(np.int64) * 4
    out["payload"][rows[tcp]] = np.minimum(at[tcp] + np.maximum(header, 20), end[tcp])
    out["icmp_type"][rows[icmp]] = first[icmp] >> np.uint64(56)
    out["icmp_code"][rows[icmp]] = (first[icmp] >> np.uint64(48)) & np.uint64(0xFF)
    out["icmp_id"][rows[icmp]] = (first[icmp] >> np.uint64(16)) & np.uint64(0xFFFF)
    out["icmp_seq"][rows[icmp]] = first[icmp] & np.uint64(0xFFFF)
    eight = np.append(np.flatnonzero(protocol == UDP), icmp)
    out["payload"][rows[eight]] = np.minimum(at[eight] + 8, end[eight])
    kind, which = out["icmp_type"][rows[icmp]], protocol[icmp]
    quoting = icmp[((which == ICMP) & among(kind, ICMP_ERRORS)) | ((which == ICMPV6) & among(kind, ICMPV6_ERRORS))]
    _quoted(out, source, rows[quoting], at[quoting] + 8, end[quoting])
    open_ = np.flatnonzero(
        ~out["more"][rows].astype(np.bool_)
    )  # what is inside a fragment cannot be told from it alone
    return _tunnels(source, rows[open_], at[open_], protocol[open_], first[open_], end[open_])


def _quoted(out: Chunk, source: Bytes, rows: I64, at: I64, end: I64) -> None:
    """Leaves a quoted packet's addresses, ports and checksums, which NAT rewrites too, out of an error's payload."""
    first = source.word(at, end)
    four = first >> np.uint64(60) == 4
    header = np.where(four, ((first >> np.uint64(56)) & np.uint64(15)).astype(np.int64) * 4, 40)
    protocol = np.where(four, source.word(at + 8, end) >> np.uint64(48), first >> np.uint64(8)) & np.uint64(0xFF)
    header += np.where(protocol == TCP, 20, 8)
    out["icmp_id"][rows] = np.where(four, (first >> np.uint64(16)) & np.uint64(0xFFFF), np.uint64(0))
    out["payload"][rows] = np.minimum(at + header, end)


def _tunnels(source: Bytes, rows: I64, at: I64, protocol: I64, first: U64, end: I64) -> list[Found]:
    """VXLAN (RFC 7348), Geneve (RFC 8926), GRE (RFC 2784, 2890) and IP in IP (RFC 2003, 4213)."""
    port = np.where(protocol == UDP, (first >> np.uint64(32)) & np.uint64(0xFFFF), np.uint64(0)).astype(np.int64)
    found: list[Found] = []
    for kind, chosen in ((1, among(port, VXLAN_PORTS)), (3, port == GENEVE_PORT)):
        pick = np.flatnonzero(chosen & (end - at >= 16))
        if len(pick):
            head = source.word(at[pick] + 8, end[pick])
            vni = ((head >> np.uint64(8)) & np.uint64(0xFFFFFF)).astype(np.int64)
            options = ((head >> np.uint64(56)) & np.uint64(63)).astype(np.int64) * 4 * (kind == 3)
            inside = ((head >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
            right = (head >> np.uint64(59)) & np.uint64(1) == 1 if kind == 1 else head >> np.uint64(62) == 0
            ethertype = np.full(len(pick), BRIDGED) if kind == 1 else inside
            place = at[pick] + 16 + options
            right = right & (place + 14 <= end[pick])
            found.append((kind, rows[pick][right], place[right], ethertype[right], vni[right]))
    pick = np.flatnonzero((protocol == GRE) & (end - at >= 4) & (first >> np.uint64(56) & np.uint64(0x47) == 0))
    if len(pick):
        bits, ethertype = first[pick] >> np.uint64(60), ((first[pick] >> np.uint64(32)) & np.uint64(0xFFFF))
        summed, keyed = (
            (bits >> np.uint64(3)).astype(np.int64),
            ((bits >> np.uint64(1)) & np.uint64(1)).astype(np.int64),
        )
        numbered = (bits & np.uint64(1)).astype(np.int64)
        key = (source.word(at[pick] + 4 + summed * 4, end[pick]) >> np.uint64(32)).astype(np.int64) * keyed
        place = at[pick] + 4 + (summed + keyed + numbered) * 4
        found.append((2, rows[pick], np.minimum(place, end[pick]), ethertype.astype(np.int64), key))
    pick = np.flatnonzero((protocol == IPIP) | (protocol == IPV6_IN_IP))
    if len(pick):
        ethertype = np.where(protocol[pick] == IPIP, IPV4, IPV6)
        found.append((4, rows[pick], at[pick], ethertype, np.zeros(len(pick), np.int64)))
    return found
