"""Cuts a large UDP datagram into the pieces that another interface showed (UDP_SEGMENT offload).

A program may pass many datagrams to its kernel at once (udp(7), UDP_SEGMENT). They are cut as late as possible, and a
receiving kernel may merge them again, so that one frame here is several frames there. Each piece is a datagram of its
own; all but the last have the same size, and their identifications count up (net/ipv4/udp_offload.c). A datagram is
cut only if its pieces were captured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.gather import Bytes, digest
from cnetkit.recording.protocols import UDP
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.arrays.order import begins, ordered
from cnetkit.trace.packets.units import Units, taken

LARGE = 1500
"""Octets of an IP packet: smaller packets fit the usual link and are not offloaded."""
MOST = 128
"""The most datagrams that a kernel takes as one (linux/udp.h, UDP_MAX_SEGMENTS)."""


def cut_to_match(units: Units) -> Units:
    """`units` with pieces in place of each large datagram whose first two pieces were captured too."""
    c = units.columns
    rows = np.flatnonzero(units.searched & (c.protocol == UDP) & (c.fragment == 0) & ~c.more & (c.cut == 0))
    rows = rows[c.payload_length[rows] > 0]
    if not (c.length[rows] > LARGE).any():
        return units
    source = Bytes(units.data)
    large, size = _large(c, source, rows)
    large, size = _captured_in_pieces(c, source, rows, large, size)
    if not len(large):
        return units
    pieces = -(-c.payload_length[large].astype(np.int64) // size)
    of = np.repeat(np.arange(len(large)), pieces)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return _made(units, source, large[of], nth, size[of])


def _start(c: Columns, source: Bytes, rows: Rows) -> U64:
    """The first eight octets of the payload."""
    return source.word(c.payload[rows], c.payload[rows] + c.payload_length[rows])


def _large(c: Columns, source: Bytes, rows: Rows) -> tuple[Rows, Rows]:
    """The datagrams for which a smaller one with the same identification and beginning exists, and the size of that
    one."""
    key = mix(c.ident[rows], c.version[rows], c.depth[rows], _start(c, source, rows))
    order, key = ordered(key)
    size, starts = c.payload_length[rows][order].astype(np.int64), np.flatnonzero(begins(key))
    least = np.repeat(np.minimum.reduceat(size, starts), np.diff(np.append(starts, len(key))))
    chosen = (size > least) & (size <= MOST * least) & (c.length[rows][order] > LARGE)
    return rows[order][chosen], least[chosen]


def _captured_in_pieces(c: Columns, source: Bytes, rows: Rows, large: Rows, size: Rows) -> tuple[Rows, Rows]:
    """The datagrams whose first and second piece were captured, octet for octet."""
    whole = mix(c.ident[rows], c.version[rows], c.depth[rows], c.payload_length[rows], c.payload_digest[rows])
    sure = np.ones(len(large), np.bool_)
    for nth in (0, 1):
        length = np.minimum(size, c.payload_length[large] - nth * size)
        octets = digest(source, c.payload[large] + nth * size, length)
        sure &= np.isin(mix(_numbered(c, large, nth), c.version[large], c.depth[large], length, octets), whole)
    return large[sure], size[sure]


def _numbered(c: Columns, rows: Rows, nth: Rows | int) -> NDArray[np.uint32]:
    """The identification of a datagram's nth piece; IPv6 has none."""
    numbers = (c.ident[rows].astype(np.int64) + nth) % (1 << 16)
    return np.where(c.version[rows] == 4, numbers, c.ident[rows]).astype(np.uint32)


def _made(units: Units, source: Bytes, of: Rows, nth: Rows, size: Rows) -> Units:
    """`units` with pieces in place of the units `of`: the `nth` piece of each, of this size unless it is the last."""
    c = taken(units.columns, of)
    length = np.minimum(size, c.payload_length - nth * size)
    place = c.payload + nth * size
    columns = replace(
        c,
        ident=_numbered(units.columns, of, nth),
        length=(c.length - c.payload_length + length).astype(np.int32),
        payload=place,
        payload_length=length.astype(np.int32),
        payload_digest=digest(source, place, length),
    )
    return units.made(columns, units.tap[of], units.direction[of], units.time[of], (np.arange(len(of)), of))
