"""PPP, also in HDLC framing, with a direction octet, in PPPoE or Cisco's HDLC. Source: RFC 1661, RFC 1662, RFC 2516."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes
from cnetkit.recording.links.chunk import Chunk, Inner
from cnetkit.recording.protocols import IPV4, IPV6, MPLS, PPP

PROTOCOLS = {0x0021: IPV4, 0x0057: IPV6, 0x0281: MPLS}
"""IANA's PPP data link layer numbers, and the EtherTypes that they announce; other numbers are PPP's own protocols."""


def inner(source: Bytes, at: I64, end: I64) -> tuple[I64, I64]:
    """Where the packet in each PPP frame begins, and its EtherType; the address and control octets may be omitted."""
    head = source.word(at, end) >> np.uint64(48)
    at = at + np.where(head == 0xFF03, 2, 0)
    head = (source.word(at, end) >> np.uint64(48)).astype(np.int64)
    short = (head >> 8) & 1 == 1  # a compressed number has only its low octet
    number = np.where(short, head >> 8, head)
    ethertype = np.select([number == code for code in PROTOCOLS], list(PROTOCOLS.values()), PPP)
    return at + np.where(short, 1, 2), ethertype


def ppp(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64, skip: int) -> Inner:
    """PPP frames after `skip` octets."""
    at, stop = start[rows] + skip, end[rows]
    out["problem"][rows[stop - at < 2]] = 1
    at, ethertype = inner(source, np.minimum(at, stop), stop)
    return rows, np.minimum(at, stop), ethertype.astype(np.int64)


def cisco(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64) -> Inner:
    """Cisco's HDLC: address, control, EtherType."""
    at, stop = start[rows], end[rows]
    out["problem"][rows[stop - at < 4]] = 1
    ethertype = (source.word(at, stop) >> np.uint64(32)) & np.uint64(0xFFFF)
    return rows, np.minimum(at + 4, stop), ethertype.astype(np.int64)
