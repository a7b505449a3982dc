"""What a packet's receiver sent afterwards, and what that proves: an acknowledgement, a reply, or use of the address it told.

For TCP an acknowledgement of the packet's last octet, within the same connection. For UDP and ICMP a later packet back, of an
echo with the same number. For ARP a reply, and for a reply that the receiver then sends to that MAC address; the same for
neighbour solicitations and advertisements. On columns; it knows no outcome.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN, OUT
from cnetkit.recording.protocols import ICMP, ICMPV6, TCP
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.arrays.order import begins, ordered
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.neighbour_messages import NeighbourMessages, neighbour_messages

I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]
FIN, SYN, RST, ACK = 1, 2, 4, 16
LATEST = np.int64(1) << 60


def answers(case: Case) -> I64:
    """For each frame that came in at a node, the first frame that the node sent in answer; -1 for all others."""
    joined, frames = case.joined, case.recording.frames
    c, node = joined.columns, joined.wiring.node[frames.tap]
    by = np.full(len(frames), -1, np.int64)
    if not len(frames):
        return by
    usable = (joined.journey >= 0) & (c.depth == 0)
    came = usable & joined.last() & (joined.direction == IN)
    sent = usable & (joined.parent < 0) & (joined.direction == OUT)
    messages = neighbour_messages(c, joined.units.data)
    here, there = _conversation(case, node, messages)
    tcp = c.protocol == TCP
    _replied(by, _in_order(case, (came | sent) & ~tcp), came, here, there, asking=True)
    _acknowledged(by, _in_order(case, (came | sent) & tcp), came, case, (here, there))
    reply = (c.version == 0) & (c.ethertype == 0x0806)
    reply[messages.frame[~messages.solicitation]] = True
    reply &= came & (by < 0)
    if reply.any():
        onward = (joined.journey >= 0) & (joined.direction == OUT)
        next_mac = np.where(c.depth > 0, c.outer_eth_dst, c.eth_dst)
        _replied(by, _in_order(case, reply | onward), reply, mix(node, c.eth_src), mix(node, next_mac), asking=False)
    return by


def _in_order(case: Case, which: Flags) -> I64:
    """These frames in the order of time."""
    order = case.joined.order
    return order[np.flatnonzero(which[order])]


def _conversation(case: Case, node: NDArray[np.integer], messages: NeighbourMessages) -> tuple[U64, U64]:
    """Digests of a frame's node, protocol and ends; and of the same with the ends turned round. The address that a neighbour
    message is about stands for its owner's."""
    c = case.joined.columns
    icmp = np.isin(c.protocol, (ICMP, ICMPV6))
    sport, dport = (np.where(icmp, c.icmp_id, port) for port in (c.sport, c.dport))
    number = np.where(icmp, c.icmp_seq, np.uint16(0))
    kind = np.where(c.version != 0, np.uint16(0), c.ethertype)
    what = node, c.protocol, kind, number
    source, target = [c.src_high, c.src_low, sport], [c.dst_high, c.dst_low, dport]
    if len(messages.frame):
        for column in (sport, dport, number):
            column[messages.frame] = 0  # flags stand there
        for side, which in ((target, messages.solicitation), (source, ~messages.solicitation)):
            for place, values in enumerate((messages.high, messages.low)):
                side[place] = side[place].copy()
                side[place][messages.frame[which]] = values[which]
    return mix(*what, *source, *target), mix(*what, *target, *source)


def _replied(by: I64, rows: I64, came: Flags, here: U64, there: U64, asking: bool) -> None:
    """Sets for each of `rows` that came the first of `rows` after it that was sent, with `there[sent] == here[came]`.

    `rows` are in the order of time. With `asking` only those are questions that go the way of their conversation's first packet.
    """
    mine = came[rows]
    order, key = ordered(np.where(mine, here[rows], there[rows]))
    rows, mine, first = rows[order], mine[order], begins(key)
    group, places = np.cumsum(first) - 1, np.arange(len(rows))
    reply = np.minimum.accumulate(np.where(mine, len(rows), places)[::-1])[::-1]
    asks = np.flatnonzero(mine & (reply < len(rows)))
    asks = asks[group[reply[asks]] == group[asks]]
    if asking:
        asks = asks[mine[np.flatnonzero(first)][group[asks]]]
    by[rows[asks]] = rows[reply[asks]]


def _acknowledged(by: I64, rows: I64, came: Flags, case: Case, ends: tuple[U64, U64]) -> None:
    """Sets for each segment that takes up sequence numbers the first acknowledgement of its last one. `rows` are in the order
    of time."""
    c = case.joined.columns
    mine = came[rows]
    order, key = ordered(np.where(mine, ends[0][rows], ends[1][rows]))  # as the node's peer sees the connection
    rows, mine = rows[order], mine[order]
    epoch = _epochs(key, mine, c.flags[rows], c.seq[rows])
    takes = c.payload_length[rows] + c.cut[rows] + (c.flags[rows] & SYN != 0) + (c.flags[rows] & FIN != 0)
    acks = np.flatnonzero(~mine & (c.flags[rows] & (ACK | RST) == ACK))  # a reset takes nothing
    asks = np.flatnonzero(mine & (takes > 0))
    if not len(acks) or not len(asks):
        return
    value = _unwrapped(c.ack[rows[acks]], epoch[acks])
    step = LATEST // (int(epoch[-1]) + 1)
    top = np.maximum.accumulate(value + epoch[acks] * step)
    first = np.cumsum(np.append(0, np.bincount(epoch[acks], minlength=int(epoch[-1]) + 1)))[epoch[asks]]
    has = first < len(acks)
    has[has] = epoch[acks[first[has]]] == epoch[asks[has]]
    asks, first = asks[has], first[has]
    need = (c.seq[rows[asks]] + takes[asks].astype(np.uint32)).astype(np.uint32)
    base = c.ack[rows[acks[first]]]
    wanted = value[first] + (need - base).view(np.int32).astype(np.int64) + epoch[asks] * step
    before = np.zeros(len(rows), np.int64)
    before[acks] = 1
    place = np.maximum(np.searchsorted(top, wanted), np.cumsum(before)[asks])
    good = place < len(acks)
    good[good] = epoch[acks[place[good]]] == epoch[asks[good]]
    by[rows[asks[good]]] = rows[acks[place[good]]]


def _epochs(key: U64, mine: Flags, flags: NDArray[np.uint16], seq: NDArray[np.uint32]) -> I64:
    """Numbers of connections: a SYN of the peer begins the next one, unless it repeats the last SYN."""
    new = np.zeros(len(key), np.int64)
    new[1:] = key[1:] != key[:-1]
    syn = np.flatnonzero(mine & (flags & (SYN | ACK) == SYN))
    repeated = (key[syn][1:] == key[syn][:-1]) & (seq[syn][1:] == seq[syn][:-1])
    new[syn] = 1
    new[syn[1:][repeated]] = 0
    return np.cumsum(new)


def _unwrapped(ack: NDArray[np.uint32], epoch: I64) -> I64:
    """Acknowledgement numbers that go on beyond 32 bits, from 0 at the beginning of each connection."""
    steps = np.append(np.uint32(0), np.diff(ack)).view(np.int32).astype(np.int64)
    new = np.append(True, epoch[1:] != epoch[:-1])
    steps[new] = 0
    total = np.cumsum(steps)
    return total - total[np.maximum.accumulate(np.where(new, np.arange(len(ack)), 0))]
