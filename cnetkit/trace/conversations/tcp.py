"""TCP's sequence analysis per segment: retransmitted, out of order, after a gap, duplicate acknowledgement, zero
window.

The definitions are those of Wireshark's expert information (epan/dissectors/packet-tcp.c,
tcp_analyze_sequence_number), on columns. Payloads are not read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.protocols import TCP
from cnetkit.trace.conversations.exchanges import ACK, FIN, RST, SYN, Exchanges, Flags, changes
from cnetkit.trace.steps.joined import Joined

I64 = NDArray[np.int64]
OUT_OF_ORDER_NS = 3_000_000
"""Without a handshake that shows the round trip: a segment that fills a gap within this time was overtaken, a later
one retransmitted."""
FAR = np.int64(1) << 44
"""More than the distance of any two sequence numbers of one connection: separates the directions of connections."""


@dataclass(frozen=True, slots=True)
class Segments:
    """One element per packet of Exchanges; False if it is not TCP."""

    retransmitted: Flags
    """It repeats data, or fills a gap that was open for longer than a round trip."""
    out_of_order: Flags
    """It was overtaken by a later segment."""
    gap: Flags
    """Segments before it were not captured, or were lost before this tap."""
    repeated_ack: Flags
    """It acknowledges the same as the segment before it, and contains nothing else."""
    zero_window: Flags
    """Its sender's receive window is zero."""
    keep_alive: Flags
    port_reused: Flags
    """A SYN with which the next connection between the same ports begins."""
    connection: I64
    """Counted from 0 within its flow: a SYN with another number begins the next connection."""


MARKS = ("retransmitted", "out_of_order", "gap", "repeated_ack", "zero_window", "keep_alive", "port_reused")


def segments(joined: Joined, packets: Exchanges) -> Segments:
    """Judges every TCP segment."""
    n, c, rows = len(packets.frame), joined.columns, packets.frame
    tcp = (c.protocol[rows] == TCP) & ~packets.error
    flags = np.where(tcp, c.flags[rows], 0).astype(np.int64)
    connection = _connections(packets, tcp, flags, c.seq[rows])
    order = np.flatnonzero(tcp)
    order = order[np.lexsort((order, packets.answer[order], connection[order], packets.flow[order]))]
    marks = {name: np.zeros(n, np.bool_) for name in MARKS}
    if not len(order):
        return Segments(**marks, connection=connection)
    frame, bits = rows[order], flags[order]
    new = changes(packets.flow[order], connection[order], packets.answer[order])
    group = np.cumsum(new) - 1
    payload = c.payload_length[frame].astype(np.int64) + c.cut[frame]
    size = payload + (bits & SYN != 0) + (bits & FIN != 0)
    begin = _unwrapped(c.seq[frame], new) + group * FAR
    end = begin + size
    top = np.maximum.accumulate(np.where(bits & RST != 0, group * FAR - FAR // 2, end))
    before = np.append(-FAR, top[:-1])
    before = np.where(new, begin, before)  # nothing is expected of the first segment
    started = ~new & (before > group * FAR - FAR // 4)
    plain = bits & (SYN | FIN | RST) == 0
    keep_alive = started & plain & (payload <= 1) & (begin == before - 1)
    old = started & (size > 0) & (begin < before) & ~keep_alive & (bits & RST == 0)
    gap = started & (begin > before) & (bits & RST == 0)
    time = joined.clocks.time[rows]
    soon = _round_trips(packets, flags, connection, time)[order]
    filling = _filling(begin, end, before, gap, old, time[order], soon)
    ack, window = c.ack[frame].astype(np.int64), c.window[frame].astype(np.int64)
    bare = plain & (payload == 0) & (bits & ACK != 0) & ~keep_alive
    repeated = bare & ~new & (window > 0)
    repeated[1:] &= (ack[1:] == ack[:-1]) & (window[1:] == window[:-1]) & (begin[1:] == before[1:])
    no_window = plain & (window == 0) & (bits & ACK != 0)
    judged = (old & ~filling, filling, gap, repeated, no_window, keep_alive)
    for name, values in zip(MARKS[:-1], judged, strict=True):
        marks[name][order] = values
    marks["port_reused"] = changes(connection) & ~changes(packets.flow)
    after_probe = np.append(False, marks["keep_alive"][:-1] & (packets.flow[1:] == packets.flow[:-1]))
    marks["repeated_ack"] &= ~after_probe  # answers to keep-alives repeat themselves by design
    return Segments(**marks, connection=connection)


def _connections(packets: Exchanges, tcp: Flags, flags: I64, seq: NDArray[np.uint32]) -> I64:
    """The number of each packet's connection within its flow."""
    syn = np.flatnonzero(tcp & (flags & (SYN | ACK) == SYN) & ~packets.answer)
    another = np.zeros(len(packets.frame), np.int64)
    same_flow = packets.flow[syn][1:] == packets.flow[syn][:-1]
    another[syn[1:]] = same_flow & (seq[syn][1:] != seq[syn][:-1])
    total = np.cumsum(another)
    return total - total[packets.begins[packets.flow]]


def _unwrapped(seq: NDArray[np.uint32], new: Flags) -> I64:
    """Sequence numbers extended beyond 32 bits, from 0 at the beginning of each run."""
    steps = np.append(np.uint32(0), np.diff(seq)).view(np.int32).astype(np.int64)
    steps[new] = 0
    total = np.cumsum(steps)
    return total - total[np.maximum.accumulate(np.where(new, np.arange(len(seq)), 0))]


def _round_trips(packets: Exchanges, flags: I64, connection: I64, time: I64) -> I64:
    """For each packet the round trip of its connection's handshake, or OUT_OF_ORDER_NS if that was not captured."""
    key = np.cumsum(changes(packets.flow, connection)) - 1
    late = len(key)
    place, accepted, third, asked = np.arange(late), np.full(late, late), np.full(late, late), np.full(late, -1)
    rows = np.flatnonzero(packets.answer & (flags & (SYN | ACK) == SYN | ACK))
    np.minimum.at(accepted, key[rows], rows)
    rows = np.flatnonzero(~packets.answer & (flags & (SYN | ACK) == ACK) & (place > accepted[key]))
    np.minimum.at(third, key[rows], rows)
    rows = np.flatnonzero(~packets.answer & (flags & (SYN | ACK) == SYN) & (place < third[key]))
    np.maximum.at(asked, key[rows], rows)
    captured = (third < late) & (asked >= 0)
    took = np.full(late, OUT_OF_ORDER_NS)
    took[captured] = time[third[captured]] - time[asked[captured]]
    taken: I64 = took[key]
    return taken


def _filling(begin: I64, end: I64, before: I64, gap: Flags, old: Flags, time: I64, soon: I64) -> Flags:
    """Segments with new data that fill a gap soon after the latest new one: they were overtaken."""
    if not gap.any():
        return np.zeros(len(begin), np.bool_)
    size, place = end - begin, np.arange(len(begin))
    order = np.lexsort((place, size, begin))
    twin = (begin[order][1:] == begin[order][:-1]) & (size[order][1:] == size[order][:-1])
    captured = np.zeros(len(begin), np.bool_)
    captured[order[1:][twin]] = True
    gaps = np.flatnonzero(gap)
    of = gaps[np.maximum(np.searchsorted(before[gaps], begin, "right") - 1, 0)]  # gaps ascend, like the captured data
    filling = old & ~captured & (begin >= before[of]) & (end <= begin[of])
    newest = np.maximum.accumulate(np.where(end > before, place, 0))
    filling &= time - time[newest] < soon
    return filling
