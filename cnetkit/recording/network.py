"""Network headers: ARP, IPv4, and IPv6 with its extension headers. A truncated or invalid header is left as payload."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes, among
from cnetkit.recording.links.chunk import Chunk
from cnetkit.recording.protocols import ARP, EXTENSIONS, IPV4, IPV6
from cnetkit.recording.transport import transport
from cnetkit.recording.tunnels import Inside


def network(out: Chunk, source: Bytes, rows: I64, at: I64, ethertype: I64, stop: I64) -> list[Inside]:
    """Fills the network columns of `rows`, and those of the layers above; returns the packets inside tunnels."""
    inside: list[Inside] = []
    for kind, read in ((ARP, _arp), (IPV4, _ipv4), (IPV6, _ipv6)):
        some = np.flatnonzero(ethertype == kind)
        if len(some):
            inside += read(out, source, rows[some], at[some], stop)
    return inside


def _arp(out: Chunk, source: Bytes, rows: I64, at: I64, stop: I64) -> list[Inside]:
    """RFC 826: the sender's and the target's protocol address as source and destination; all of it is payload."""
    sender, target = source.word(at + 14, stop[rows]), source.word(at + 24, stop[rows])
    out["src_low"][rows], out["dst_low"][rows] = sender >> np.uint64(32), target >> np.uint64(32)
    return []


def _ipv4(out: Chunk, source: Bytes, rows: I64, at: I64, stop: I64) -> list[Inside]:
    """RFC 791. A truncated or invalid header is left as payload."""
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
    return transport(out, source, rows, at + header, protocol, fragment, stop)


def _ipv6(out: Chunk, source: Bytes, rows: I64, at: I64, stop: I64) -> list[Inside]:
    """RFC 8200, skipping extension headers."""
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
    return transport(out, source, rows, np.minimum(at, stop[rows]), protocol, fragment, stop)


def _trim(stop: I64, rows: I64, at: I64, size: I64, header: I64) -> None:
    """Ends a packet where its header says, without Ethernet's padding; a size of 0 means a large segment."""
    plausible = np.flatnonzero(size >= header)
    stop[rows[plausible]] = np.minimum(stop[rows[plausible]], at[plausible] + size[plausible])
