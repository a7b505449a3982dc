"""The TCP segments that their receiver answered with a reset because it has no such connection.

Such a reset has no ACK flag, and the sequence number that the segment acknowledged (RFC 9293, 3.10.7.1; net/ipv4/tcp_ipv4.c,
tcp_v4_send_reset; nf_reject_ipv4.c). A program that closes its connection sends a reset with an ACK, which answers no
segment. Resets of a SYN are found in rejections.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnetkit.recording.frames import IN, OUT
from cnetkit.recording.protocols import TCP
from cnetkit.trace.arrays.index import Index
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case

RST, ACK = 4, 16
INITIAL = (64, 128, 255)
"""Usual initial values of a TTL or hop limit: a packet with less was forwarded."""
TRIES = 16
"""How many segments with the same acknowledgement number are looked at, from the latest on."""


def resets(case: Case) -> dict[int, int]:
    """By the last frame of each reset segment: the reset that began in the node in which the segment ended."""
    joined, c = case.joined, case.joined.columns
    tcp = (c.protocol == TCP) & (c.depth == 0)
    node, last = joined.wiring.node[case.recording.frames.tap], np.full(len(c), -1, np.int64)
    began = (joined.parent < 0) & (joined.direction == OUT) & np.isin(c.ttl, INITIAL)
    sent = joined.order[(tcp & began & (c.flags & (RST | ACK) == RST))[joined.order]]
    if not len(sent):
        return {}
    asks = tcp & (joined.direction == IN) & (c.flags & (RST | ACK) == ACK)
    at = segment = np.flatnonzero(joined.last() & asks & np.isin(node, node[sent]))
    while len(at):
        last[at[asks[at]]] = segment[asks[at]]
        up = joined.parent[at]
        inside = (up >= 0) & (node[np.maximum(up, 0)] == node[at])
        at, segment = up[inside], segment[inside]
    rows = joined.order[(last >= 0)[joined.order]]
    came = Index(rows, node, c.src_high, c.src_low, c.dst_high, c.dst_low, c.sport, c.dport, c.ack)
    reset: dict[int, int] = {}
    for frame in sent.tolist():
        source, target = (c.src_high[frame], c.src_low[frame]), (c.dst_high[frame], c.dst_low[frame])
        rows = came.find(node[frame], *target, *source, c.dport[frame], c.sport[frame], c.seq[frame])
        before = case.before(rows, frame)
        for ended in last[rows[max(0, before - TRIES) : before]][::-1].tolist():
            if ended not in reset and case.once(answers)[ended] < 0:
                reset[ended] = frame
                break
    return reset


def within(case: Case, frame: int) -> Iterator[int]:
    """A frame, and those before it that came in at the same node: they show the packet as it was before a translation."""
    node, at = case.place(frame)[0], frame
    while at >= 0 and case.place(at)[0] == node:
        if case.direction(at) == "in":
            yield at
        at = int(case.joined.parent[at])
