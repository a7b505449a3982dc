"""Cuts TCP segments at every boundary that any interface showed, so that all interfaces have the same units.

A sending kernel passes on segments far larger than the link's MTU and cuts them as late as possible; a receiving
kernel merges them again (Documentation/networking/segmentation-offloads.rst). So one frame here is several frames
there. The pieces keep acknowledgement and window, and their identifications count up, which distinguishes them from a
retransmission. Which piece came from which is decided by the steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.gather import Bytes, digest
from cnetkit.recording.protocols import TCP
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.packets.units import Units, taken

SEVERAL = 3
"""If this many pieces in a stretch are captured and none has the expected identification, its segments are numbered
otherwise."""
FIN, PSH, CWR = 1, 8, 128
"""Flags that only the last piece of a segment keeps (FIN, PSH), or only the first (CWR)."""


@dataclass(frozen=True, slots=True)
class Data:
    """TCP segments with payload, sorted by connection and sequence number; n rows."""

    rows: Rows
    group: Rows
    """Equal for segments that may be pieces of each other: same acknowledgement, window and protocol version."""
    start: NDArray[np.int64]
    """Sequence number of the first octet, without the wrap at 2^32; `end` is the one after the last octet."""
    end: NDArray[np.int64]


def cut_to_match(units: Units) -> Units:
    """`units` with pieces in place of each segment that another frame shows cut or merged differently."""
    data = _data(units)
    chosen, stretch = _uneven(data)
    if chosen.any():
        data = _apart(data, _resent(units, data, stretch))
        chosen, stretch = _uneven(data)
    if not chosen.any():
        return units
    group, cut = _boundaries(data, chosen)
    low, pieces = (np.searchsorted(group * WIDE + cut, data.group * WIDE + at) for at in (data.start, data.end))
    pieces -= low
    chosen &= _in_reason(stretch, pieces * chosen)[stretch]
    if not chosen.any():
        return units
    rows, start, low, pieces, stretch = (column[chosen] for column in (data.rows, data.start, low, pieces, stretch))
    of = np.repeat(np.arange(len(rows)), pieces)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin, finish = cut[low[of] + nth], cut[low[of] + nth + 1]
    offset, size, first, last = begin - start[of], finish - begin, nth == 0, nth == pieces[of] - 1
    ident = _numbers(units, rows[of], offset, size, last, mix(stretch[of], begin, size), stretch[of])
    return _made(units, rows[of], offset, size, first, last, ident)


WIDE = 1 << 34
"""More than any distance between sequence numbers."""
MOST_EACH, MOST = 16, 1 << 22
"""The most pieces for each segment of a stretch, on average, and for a recording. A segment is cut at each boundary
once for each interface that shows it uncut; a capture with more pieces was made to overlap on purpose."""


def _in_reason(stretch: Rows, pieces: Rows) -> NDArray[np.bool_]:
    """For each stretch whether its segments may be cut; in the order of the stretches, until the limit is reached."""
    total = np.bincount(stretch, pieces).astype(np.int64)
    fine = total <= MOST_EACH * np.bincount(stretch)
    fine &= np.cumsum(np.where(fine, total, 0)) <= MOST
    return fine


def _data(units: Units) -> Data:
    c = units.columns
    rows = np.flatnonzero(units.searched & (c.protocol == TCP) & (c.payload_length > 0) & (c.fragment == 0) & ~c.more)
    key = mix(c.ack[rows], c.window[rows], c.version[rows], c.depth[rows]) if len(rows) else np.zeros(0, np.uint64)
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    seq = c.seq[rows].astype(np.int64)
    start = (seq - seq[first[group]] + (1 << 31)) % (1 << 32)
    size = c.length[rows] - (c.payload[rows] - c.network[rows])
    size = np.where(size > 0, size, c.payload_length[rows])  # a length of 0 means more than the header can express
    order = np.lexsort((start, group))
    return Data(rows[order], group[order], start[order], (start + size)[order])


def _apart(data: Data, resent: NDArray[np.bool_]) -> Data:
    """The same with segments that were sent again in groups of their own: they are no pieces of the first ones."""
    if not resent.any():
        return data
    _, group = np.unique(data.group * 2 + resent, return_inverse=True)
    order = np.lexsort((data.start, group))
    return Data(data.rows[order], group[order], data.start[order], data.end[order])


def _resent(units: Units, data: Data, stretch: Rows) -> NDArray[np.bool_]:
    """Segments that overlap an earlier one of the same place and direction, and their likes elsewhere: no offload shows a segment
    there both whole and in pieces. They are recognized by boundaries and identification: without one none is, and none in a
    stretch where one identification has several boundaries, because there segments were cut or merged as well."""
    c, rows = units.columns, data.rows
    numbered = (c.version[rows] == 4) & (c.ident[rows] != 0)
    place = mix(units.tap[rows], units.direction[rows], data.group)
    order = np.lexsort((units.time[rows], data.start, place))
    new = np.append(True, place[order][1:] != place[order][:-1])
    base = (np.cumsum(new) - 1) * WIDE
    reach = np.maximum.accumulate(base + data.end[order])
    ahead = np.append(-1, reach[:-1])
    overlaps = ~new & (base + data.start[order] < ahead)
    widest = np.maximum.accumulate(np.where(base + data.end[order] > ahead, np.arange(len(order)), 0))
    before = np.append(0, widest[:-1])  # the row whose end is `ahead`
    here, there = order[overlaps], order[before[overlaps]]
    later = np.where(units.time[rows[here]] > units.time[rows[there]], here, there)
    alike = mix(data.group, data.start, data.end, c.ident[rows])
    resent: NDArray[np.bool_] = numbered & np.isin(alike, alike[later[numbered[later]]])
    if resent.any():
        place = mix(stretch, c.ident[rows])
        _, first, which = np.unique(place, return_index=True, return_inverse=True)
        uneven = (data.start != data.start[first[which]]) | (data.end != data.end[first[which]])
        resent &= np.bincount(stretch, uneven)[stretch] == 0
    return resent


def _uneven(data: Data) -> tuple[NDArray[np.bool_], Rows]:
    """Segments that overlap one with another beginning or end, and all that overlap those; and the stretch of each
    segment. A stretch ends where no segment reaches further."""
    count = len(data.rows)
    if count < 2:
        return np.zeros(count, np.bool_), np.zeros(count, np.int64)
    at = data.group * WIDE
    reach = np.maximum.accumulate(at + data.end)
    fresh = np.append(True, at[1:] + data.start[1:] >= reach[:-1])  # no earlier segment reaches into it
    stretch = np.cumsum(fresh) - 1
    begins = np.flatnonzero(fresh)
    same = np.minimum.reduceat(data.start, begins) == np.maximum.reduceat(data.start, begins)
    same &= np.minimum.reduceat(data.end, begins) == np.maximum.reduceat(data.end, begins)
    uneven: NDArray[np.bool_] = ~same[stretch]
    return uneven, stretch


def _boundaries(data: Data, chosen: NDArray[np.bool_]) -> tuple[Rows, NDArray[np.int64]]:
    """Where segments begin or end, by group, ascending."""
    group = np.tile(data.group[chosen], 2)
    boundaries = np.unique(group * WIDE + np.append(data.start[chosen], data.end[chosen]))
    return boundaries // WIDE, boundaries % WIDE


def _numbers(
    units: Units, of: Rows, offset: NDArray[np.int64], size: NDArray[np.int64], last: NDArray[np.bool_],
    place: U64, stretch: Rows,
) -> NDArray[np.uint32]:  # fmt: skip
    """The identification that each piece has as a frame of its own, or 0 if unknown.

    The kernel counts up from the segment's own (net/ipv4/af_inet.c, inet_gso_segment), but some hardware does not. So
    half of the frames that show a piece by itself must confirm it: those of the stretch, or all, if the stretch does
    not contradict. Pieces of equal `place` contain the same octets.
    """
    c, count = units.columns, int(stretch.max()) + 1
    usual = np.full(count, 1 << 16)
    np.minimum.at(usual, stretch[~last], size[~last])
    number, beside = np.divmod(offset, usual[stretch])
    ident = (c.ident[of] + number) & 0xFFFF
    odd = (beside > 0) | (c.version[of] != 4) | (c.ident[of] == 0)
    alone, further = last & (offset == 0), offset > 0
    shown = np.flatnonzero(further & np.isin(place, place[alone]))
    places, first = np.unique(place[shown], return_index=True)
    confirmed = further & np.isin(mix(place, ident), mix(place[alone], ident[alone]))
    right, where = np.isin(places, place[confirmed]), stretch[shown][first]
    here, of_them = np.bincount(where, right, count), np.bincount(where, minlength=count)
    trusted = (of_them > 0) & (here * 2 >= of_them)
    if right.any() and right.sum() * 2 >= len(right):
        trusted |= (here > 0) | (of_them < SEVERAL) | _sent_later(c.ident[of], ident, further, alone, place, stretch)
    trusted &= np.bincount(stretch, odd, count) == 0
    return np.where(trusted[stretch], ident, 0).astype(np.uint32)


def _sent_later(
    own: NDArray[np.uint32], ident: NDArray[np.integer], further: NDArray[np.bool_], alone: NDArray[np.bool_],
    place: U64, stretch: Rows,
) -> NDArray[np.bool_]:  # fmt: skip
    """Stretches in which frames that show a piece by itself have higher numbers than all pieces: they are
    retransmissions and prove nothing."""
    count = int(stretch.max()) + 1
    base = np.zeros(count, np.int64)
    base[stretch[further][::-1]] = own[further][::-1]
    after = (ident.astype(np.int64) - base[stretch] + (1 << 15)) % (1 << 16)
    last, first = np.full(count, -1), np.full(count, 1 << 16)
    np.maximum.at(last, stretch[further], after[further])
    shown = alone & np.isin(place, place[further])
    np.minimum.at(first, stretch[shown], after[shown])
    return first > last


def _made(
    units: Units, of: Rows, offset: NDArray[np.int64], size: NDArray[np.int64], first: NDArray[np.bool_],
    last: NDArray[np.bool_], ident: NDArray[np.uint32],
) -> Units:  # fmt: skip
    """`units` with pieces of the units `of` in their place: `size` octets at `offset` of the payload."""
    c = taken(units.columns, of)
    there = np.clip(c.payload_length - offset, 0, size)
    whole = bool((there == size).all())  # else the capture truncated some: only sequence numbers can be compared
    flags = c.flags & ~np.where(last, 0, FIN | PSH).astype(np.uint16) & ~np.where(first, 0, CWR).astype(np.uint16)
    columns = replace(
        c,
        seq=(c.seq.astype(np.int64) + offset).astype(np.uint32),
        flags=flags,
        ident=ident,
        length=size.astype(np.int32),
        payload=c.payload + offset,
        payload_length=size.astype(np.int32),
        cut=np.zeros(len(of), np.int32),
        payload_digest=_digest(units, c.payload + offset, size) if whole else np.zeros(len(of), np.uint64),
    )
    return units.made(columns, units.tap[of], units.direction[of], units.time[of], (np.arange(len(of)), of))


def _digest(units: Units, at: NDArray[np.int64], size: NDArray[np.int64]) -> U64:
    return digest(Bytes(units.data), at, size)
