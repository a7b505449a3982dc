"""The packets of each flow as captured at one tap, in the order of time: what the two ends sent, each packet once.

A flow may be captured at many places; its conversation is judged at the tap that captured most of it, and of several
such taps at the first. Judged elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.protocols import ICMP, ICMPV6, TCP
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.conversations.flows import both_ends
from cnetkit.trace.packets.icmp_errors import errors
from cnetkit.trace.steps.joined import Joined

I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]
FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16
GROUP_BIT = np.uint64(1) << np.uint64(40)
"""The group bit of a MAC address: multicast or broadcast."""


@dataclass(frozen=True, slots=True)
class Exchanges:
    """n packets, flow by flow, one element each."""

    frame: I64
    """The frame that shows the packet."""
    flow: I64
    begins: I64
    """Where each flow begins, plus one for the end: one element per flow."""
    answer: Flags
    """Whether it was sent to the client."""
    error: Flags
    """Whether it is an ICMP error about the flow, which neither end may have sent."""

    def count(self, which: Flags) -> I64:
        """How many of these packets each flow has."""
        return np.bincount(self.flow[which], minlength=len(self.begins) - 1).astype(np.int64)

    def first(self, which: Flags) -> I64:
        """The first of these packets in each flow, as an index into the columns; -1 if there is none."""
        places = np.flatnonzero(which)
        first = np.full(len(self.begins) - 1, -1, np.int64)
        flows, at = np.unique(self.flow[places], return_index=True)
        first[flows] = places[at]
        return first


def exchanges(joined: Joined, tap: NDArray[np.int32], flow: I64, flows: int) -> Exchanges:
    """`tap` and `flow` have one element per frame; `flows` is how many there are."""
    rank = np.empty(len(joined.order), np.int64)
    rank[joined.order] = np.arange(len(rank))
    rows = np.flatnonzero((flow >= 0) & (joined.journey >= 0) & ~_overheard(joined, flow, flows))
    rows = rows[np.lexsort((rank[rows], joined.journey[rows], tap[rows], flow[rows]))]
    first = changes(flow[rows], tap[rows], joined.journey[rows])
    if not first.all():  # at one tap before and after a translation: look at the same side of it both ways
        usual = _usual(mix(flow[rows], tap[rows]), both_ends(joined)[rows])
        order = np.lexsort((rank[rows], ~usual, joined.journey[rows], tap[rows], flow[rows]))
        rows = rows[order]
    rows = rows[first]
    rows = rows[_at_best_tap(tap[rows], flow[rows], rank[rows], flows)]
    rows = rows[np.lexsort((rank[rows], flow[rows]))]
    begins = np.searchsorted(flow[rows], np.arange(flows + 1)).astype(np.int64)
    return Exchanges(rows, flow[rows], begins, _answers(joined, rows, flow[rows], begins), errors(joined.columns)[rows])


def _usual(place: U64, ends: U64) -> Flags:
    """The rows that show the ends that most rows of their `place` show; of equally many, those that come first."""
    keys, begin, number, count = np.unique(mix(place, ends), return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((begin, -count, place[begin]))
    best = np.zeros(len(keys), np.bool_)
    best[order[changes(place[begin][order])]] = True
    usual: Flags = best[number]
    return usual


def _overheard(joined: Joined, flow: I64, flows: int) -> Flags:
    """Frames of packets that were seen as another host's only, in flows of which the node saw its own packets too: copies."""
    other = joined.columns.for_other
    if not other.any():
        return other
    usable, own = (flow >= 0) & (joined.journey >= 0), np.zeros(joined.journeys(), np.bool_)
    own[joined.journey[usable & ~other]] = True
    known = np.zeros(flows, np.bool_)
    known[flow[usable & ~other]] = True
    copies: Flags = usable & ~own[joined.journey] & known[flow]
    return copies


def _at_best_tap(tap: NDArray[np.int32], flow: I64, rank: I64, flows: int) -> Flags:
    """The packets at the tap that captured most of their flow; of several such taps, at the first."""
    key = flow * (int(tap.max(initial=0)) + 1) + tap
    keys, group, count = np.unique(key, return_inverse=True, return_counts=True)
    earliest = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(earliest, group, rank)
    owner = keys // (int(tap.max(initial=0)) + 1)
    order = np.lexsort((earliest, -count, owner))
    best = np.zeros(len(keys), np.bool_)
    best[order[changes(owner[order])]] = True
    chosen: Flags = best[group]
    return chosen


def _answers(joined: Joined, rows: I64, flow: I64, begins: I64) -> Flags:
    """The packets that were sent to the client of their flow.

    The client sent a SYN, or received a SYN-ACK. Without either, it is the end with the higher port if the other end's
    port is well-known, else the sender of the first packet.
    """
    c = joined.columns
    icmp = np.isin(c.protocol[rows], (ICMP, ICMPV6))
    bare = (c.src_low[rows] | c.src_high[rows] | c.dst_low[rows] | c.dst_high[rows]) == 0
    sport, dport = (np.where(icmp, 0, port[rows]).astype(np.int64) for port in (c.sport, c.dport))
    source = mix(np.where(bare, c.eth_src[rows], c.src_low[rows]), c.src_high[rows], sport.astype(np.uint16))
    target = mix(np.where(bare, c.eth_dst[rows], c.dst_low[rows]), c.dst_high[rows], dport.astype(np.uint16))
    about = errors(c)[rows]
    flags = np.where(c.protocol[rows] == TCP, c.flags[rows], 0)
    opening, accepting = flags & (SYN | ACK) == SYN, flags & (SYN | ACK) == SYN | ACK
    group = c.eth_dst[rows] & GROUP_BIT != 0
    from_server = accepting | (~opening & ~group & (sport < 1024) & (dport >= 1024))
    count = len(begins) - 1
    weight = np.select([about, opening | accepting], [-1, 2], 1)
    place = np.arange(len(rows))
    teller = np.full(count, -1, np.int64)
    for least in (1, 2):  # the packet that opens a connection decides
        telling = place[weight >= least]
        flows, at = np.unique(flow[telling], return_index=True)
        teller[flows] = telling[at]
    decided = teller >= 0
    client = np.zeros(count, np.uint64)
    chosen = teller[decided]
    client[decided] = np.where(from_server[chosen], target[chosen], source[chosen])
    answers: Flags = (target == client[flow]) & (source != client[flow]) & ~about
    return answers


def changes(*columns: NDArray[np.generic]) -> Flags:
    """Where each run of rows begins that are equal in all columns."""
    new = np.zeros(len(columns[0]), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new
