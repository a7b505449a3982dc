"""Groups journeys into flows: one connection, in both directions, across NAT.

Journeys belong together if they showed the same two ends at any hop, in either direction; the journeys themselves
contain the changes made by NAT. An ICMP error belongs to the flow of the packet that it quotes. Packets without ports are
grouped by protocol and addresses.
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
    digest = both_ends(joined)
    turned = (joined.parent < 0) | (digest != digest[joined.parent])
    turned &= (joined.journey >= 0) & (joined.columns.fragment == 0)  # later fragments have no ports
    turned &= ~joined.encrypted()  # the tunnel's ends would join everything that passes it
    quoting = np.flatnonzero((joined.journey >= 0) & errors(joined.columns))
    quoted = Quoted(joined.units, quoting) if len(quoting) else None
    if quoted is not None:
        quoting = quoting[quoted.readable]
        turned[quoting] = False  # a router's address would join all flows that it has a complaint about
    rows = np.flatnonzero(turned)  # a hop with the same ends as its parent adds nothing
    journey = joined.journey[np.concatenate((rows, quoting))].astype(np.int64)
    about = np.zeros(0, np.uint64) if quoted is None else quoted.either_way()[quoted.readable]
    _, ends = np.unique(np.concatenate((digest[rows], about)), return_inverse=True)
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


def both_ends(joined: Joined) -> U64:
    """Digests of both ends, equal for both directions."""
    c = joined.columns
    icmp = (c.protocol == 1) | (c.protocol == 58)
    sport, dport = (np.where(icmp, c.icmp_id, port) for port in (c.sport, c.dport))
    bare = (c.src_low | c.src_high | c.dst_low | c.dst_high) == 0
    source = mix(np.where(bare, c.eth_src, c.src_low), c.src_high, sport)
    target = mix(np.where(bare, c.eth_dst, c.dst_low), c.dst_high, dport)
    return mix(source + target, c.protocol, np.where(c.version > 0, np.uint16(0), c.ethertype))
