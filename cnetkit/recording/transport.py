"""Transport headers: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792, RFC 4443) and SCTP's ports."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes, among
from cnetkit.recording.links.chunk import Chunk
from cnetkit.recording.protocols import ICMP, ICMP_ERRORS, ICMPV6, ICMPV6_ERRORS, SCTP, TCP, UDP
from cnetkit.recording.tunnels import Inside, tunnels


def transport(out: Chunk, source: Bytes, rows: I64, at: I64, protocol: I64, fragment: I64, stop: I64) -> list[Inside]:
    """Fills the transport columns of `rows`; returns the packets inside tunnels."""
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
    open_ = np.flatnonzero(~out["more"][rows].astype(np.bool_))  # a fragment alone does not show what is inside
    return tunnels(source, rows[open_], at[open_], protocol[open_], first[open_], end[open_])


def _quoted(out: Chunk, source: Bytes, rows: I64, at: I64, end: I64) -> None:
    """Excludes a quoted packet's addresses, ports and checksums, which NAT rewrites, from the digest of an error's
    payload."""
    first = source.word(at, end)
    four = first >> np.uint64(60) == 4
    header = np.where(four, ((first >> np.uint64(56)) & np.uint64(15)).astype(np.int64) * 4, 40)
    protocol = np.where(four, source.word(at + 8, end) >> np.uint64(48), first >> np.uint64(8)) & np.uint64(0xFF)
    header += np.where(protocol == TCP, 20, 8)
    out["icmp_id"][rows] = np.where(four, (first >> np.uint64(16)) & np.uint64(0xFFFF), np.uint64(0))
    out["payload"][rows] = np.minimum(at + header, end)
