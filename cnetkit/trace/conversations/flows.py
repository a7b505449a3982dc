"""Puts journeys together into flows: one connection, both ways, across NAT.

Journeys belong together where one showed the same two ends as another, in either direction, at any hop: NAT's change
is in the journeys themselves. What has no ports is told apart by protocol and addresses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.packets.icmp_errors import Quoted, errors
from cnetkit.trace.steps.joined import Joined


def grouped(joined: Joined) -> NDArray[np.int64]:
    """For each journey the number of its flow, counted from 0 in the order of the flows' first journeys."""
    count = joined.journeys()
    if not count:
        return np.zeros(0, np.int64)
    digest = _ends(joined)
    turned = (joined.parent < 0) | (digest != digest[joined.parent])
    turned &= (joined.journey >= 0) & (joined.columns.fragment == 0)  # other fragments have no ports
    turned &= ~joined.encrypted()  # a tunnel's ends are those of all that goes through it
    rows = np.flatnonzero(turned)  # a hop that kept its parent's ends shows nothing new
    told = np.flatnonzero((joined.journey >= 0) & errors(joined.columns))
    journey = joined.journey[np.concatenate((rows, told))].astype(np.int64)
    _, ends = np.unique(np.concatenate((digest[rows], _complained(joined, told))), return_inverse=True)
    label = np.arange(count)
    while True:
        least = np.full(int(ends.max(initial=-1)) + 1, count)
        np.minimum.at(least, ends, label[journey])
        lower = label.copy()
        np.minimum.at(lower, journey, least[ends])
        lower = lower[lower]
        if np.array_equal(lower, label):
            break
        label = lower
    _, number = np.unique(label, return_inverse=True)
    return number.astype(np.int64)


def _ends(joined: Joined) -> U64:
    """Digests of both ends that are the same in either direction."""
    c = joined.columns
    icmp = (c.protocol == 1) | (c.protocol == 58)
    sport, dport = (np.where(icmp, c.icmp_id, port) for port in (c.sport, c.dport))
    bare = (c.src_low | c.src_high | c.dst_low | c.dst_high) == 0
    one = mix(np.where(bare, c.eth_src, c.src_low), c.src_high, sport)
    other = mix(np.where(bare, c.eth_dst, c.dst_low), c.dst_high, dport)
    return mix(one + other, c.protocol, np.where(c.version > 0, np.uint16(0), c.ethertype))


def _complained(joined: Joined, rows: NDArray[np.int64]) -> U64:
    """What `_ends` gives for the packets that ICMP errors quote: they stand in the flow that they complain about."""
    return Quoted(joined.units, rows).either_way() if len(rows) else np.zeros(0, np.uint64)
