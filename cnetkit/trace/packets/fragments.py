"""Reassembles datagrams from their fragments (RFC 791, 3.2; RFC 8200, 4.5), separately at each interface.

A datagram whose fragments were all captured completely becomes one unit, however it was cut at other interfaces. An
incomplete one stays in pieces, which still form one journey.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns, decode
from cnetkit.recording.frames import LINKTYPE_RAW, Frames, Tap
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.arrays.order import ranks
from cnetkit.trace.packets.units import Units, taken

LATEST_NS = 100_000_000
"""Fragments of one datagram are sent together. After such a pause the same identification means another datagram."""

DEEPEST = 3
"""A tunnel's own packets may be fragmented, and the packets inside them, too."""

AROUND = (
    "problem", "depth", "tunnel", "vni", "outer_eth_src", "outer_eth_dst", "outer_vlan", "outer_src_high",
    "outer_src_low", "outer_dst_high", "outer_dst_low", "outer_ttl", "outer_ident",
)  # fmt: skip
LINK = ("eth_src", "eth_dst", "vlan", "ethertype")


@dataclass(frozen=True, slots=True)
class Sets:
    """Fragments by datagram, sorted by offset. `rows` are units; `begins` is where each datagram begins in them."""

    rows: Rows
    begins: Rows
    complete: NDArray[np.bool_]
    """For each datagram whether all of it was captured at this interface."""


def put_together(units: Units, encrypting: NDArray[np.bool_]) -> tuple[Units, tuple[Rows, Rows]]:
    """`units` with each complete datagram as one unit; and pairs of fragments that belong to one incomplete datagram.

    At taps that are `encrypting`, the fragments take part themselves too: each is encrypted separately.
    """
    left = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    for _ in range(DEEPEST):
        fragments = sets(units)
        if not len(fragments.rows):
            break
        sizes = np.diff(np.append(fragments.begins, len(fragments.rows)))
        number = np.repeat(np.arange(len(sizes)), sizes)
        open_ = ~fragments.complete[number]
        left = (fragments.rows[open_], np.repeat(fragments.rows[fragments.begins], sizes)[open_])
        if not fragments.complete.any():
            break
        units = _assembled(units, fragments.rows[~open_], sizes[fragments.complete])
    return units.again(_themselves(units, left[0], encrypting)), left


def _themselves(units: Units, rows: Rows, encrypting: NDArray[np.bool_]) -> Rows:
    """The fragments at encrypting taps; and, at any tap, those of datagrams that are incomplete somewhere."""
    c, frames = units.columns, np.flatnonzero(((units.columns.fragment > 0) | units.columns.more)[: units.frames])
    if not len(frames):
        return frames
    number = [mix(c.version[at], c.protocol[at], c.ident[at]) if len(at) else NONE for at in (frames, rows)]
    return frames[np.isin(number[0], number[1]) | encrypting[units.tap[frames]]]


NONE = np.zeros(0, np.uint64)


def sets(units: Units) -> Sets:
    """The fragments among `units` that take part in the search, by interface, direction and datagram."""
    c = units.columns
    rows = np.flatnonzero(units.searched & ((c.fragment > 0) | c.more) & (c.version != 0))
    if not len(rows):
        return Sets(rows, rows, np.zeros(0, np.bool_))
    key = mix(
        units.tap[rows], units.direction[rows], c.version[rows], c.ident[rows], c.protocol[rows], c.src_high[rows],
        c.src_low[rows], c.dst_high[rows], c.dst_low[rows], c.depth[rows], c.vni[rows],
    )  # fmt: skip
    key = _by_pauses(key, units.time[rows])
    key = mix(
        key, ranks(mix(key, c.fragment[rows]))[0]
    )  # the k-th fragment of each offset belongs to the k-th datagram
    order = np.lexsort((c.fragment[rows], key))
    rows, key = rows[order], key[order]
    begins = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    return Sets(rows, begins, _complete(c, rows, begins))


def _by_pauses(key: U64, time: NDArray[np.int64]) -> U64:
    order = np.lexsort((time, key))
    apart = np.append(True, (np.diff(time[order]) > LATEST_NS) | (key[order][1:] != key[order][:-1]))
    spell = np.empty(len(key), np.int64)
    spell[order] = np.cumsum(apart)
    return mix(key, spell)


def _complete(c: Columns, rows: Rows, begins: Rows) -> NDArray[np.bool_]:
    """Whether the fragments cover everything from offset 0 to the last one, and the capture truncated none of them."""
    header = c.transport[rows] - c.network[rows]
    size, captured = c.length[rows] - header, _end(c, rows) - c.transport[rows]
    first = np.zeros(len(rows), np.bool_)
    first[begins] = True
    last = np.append(first[1:], True)
    before = np.append(0, (c.fragment[rows] + size)[:-1])
    fits = (c.fragment[rows] == np.where(first, 0, before)) & (c.more[rows] != last)
    fits &= (captured == size) & (size > 0) & ((c.version[rows] == 4) | (header == 48))
    whole: NDArray[np.bool_] = np.logical_and.reduceat(fits, begins)
    return whole


def _end(c: Columns, rows: Rows) -> Rows:
    """Where each packet ends in the data."""
    end: Rows = c.payload[rows] + c.payload_length[rows]
    return end


def _assembled(units: Units, rows: Rows, sizes: Rows) -> Units:
    """`units` with the datagrams made of `rows`: `sizes` fragments each, sorted by offset."""
    c = units.columns
    begins = np.cumsum(sizes) - sizes
    number = np.repeat(np.arange(len(sizes)), sizes)
    first = rows[begins]
    is_first = np.zeros(len(rows), np.bool_)
    is_first[begins] = True
    start = np.where(is_first, c.network[rows], c.transport[rows])  # the header of the first fragment is the datagram's
    length = _end(c, rows) - start
    place = np.cumsum(length) - length
    data = units.data[np.repeat(start - place, length) + np.arange(int(length.sum()))]
    total = np.add.reduceat(length, begins)
    _mend(data, place[begins], total, c, first)
    kind = Frames(
        taps=(Tap("", "", LINKTYPE_RAW),),
        tap=np.zeros(len(sizes), np.int32),
        direction=np.zeros(len(sizes), np.uint8),
        time_ns=np.zeros(len(sizes), np.int64),
        start=place[begins],
        captured=total.astype(np.int32),
        length=total.astype(np.int32),
        data=data,
    )
    columns = _placed(decode(kind), taken(c, first))
    time = np.maximum.reduceat(units.time[rows], begins)
    return units.made(columns, units.tap[first], units.direction[first], time, (number, rows), data)


def _mend(data: NDArray[np.uint8], at: Rows, total: Rows, c: Columns, first: Rows) -> None:
    """Writes the datagram's length into the headers, and clears the fragment fields."""
    four = c.version[first] == 4
    size = np.where(four, total, total - 40)
    for place, value in ((np.where(four, at + 2, at + 4), size >> 8), (np.where(four, at + 3, at + 5), size & 255)):
        data[place] = value
    offset = np.where(four, at + 6, at + 42)
    data[offset] = 0
    data[offset + 1] = 0


def _placed(columns: Columns, first: Columns) -> Columns:
    """Copies the first fragment's link header to the datagram, and its tunnel if the fragments were inside one."""
    inside, tunnelled = first.depth > 0, columns.depth > 0
    given = {name: np.where(inside, getattr(first, name), getattr(columns, name)) for name in AROUND}
    given["depth"] = first.depth + columns.depth
    given["ident"] = np.where(
        columns.version == 6, 0, columns.ident
    )  # IPv6 fragments get a new identification each time a packet is fragmented
    for name in ("tunnel", "vni"):
        given[name] = np.where(tunnelled, getattr(columns, name), getattr(first, name))
    for name in ("outer_network", "outer_transport"):  # each fragment had outer headers of its own
        given[name] = np.where(inside, 0, getattr(columns, name))
    for name in LINK:
        given[name] = np.where(tunnelled, getattr(columns, name), getattr(first, name))
        if name != "ethertype":
            given["outer_" + name] = np.where(
                inside, given["outer_" + name], np.where(tunnelled, getattr(first, name), 0)
            )
    return replace(columns, **given)
