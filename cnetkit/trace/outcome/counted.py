"""The counters of a node's own transport layer: if one grew by as many packets as arrived, it received every one of them.

Tcp.InSegs and Icmp.InMsgs count what IP handed up, Udp.InDatagrams what programs have read (Documentation/networking/
snmp_counter.rst, net/ipv4/udp.c). What is dropped later has counters of its own: see causes/.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN
from cnetkit.recording.protocols import ICMP, ICMPV6, TCP, UDP
from cnetkit.trace.evidence.addressed import for_another
from cnetkit.trace.evidence.case import Case

I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Received:
    """A counter that counts packets of one kind as they are received. `version` 0: of both."""

    counter: str
    protocol: int
    version: int


RECEIVED = (
    Received("Tcp.InSegs", TCP, 0), Received("Udp.InDatagrams", UDP, 4), Received("Ip6.Udp6InDatagrams", UDP, 6),
    Received("Icmp.InMsgs", ICMP, 4), Received("Ip6.Icmp6InMsgs", ICMPV6, 6),
)  # fmt: skip


def counted(case: Case, arrived: NDArray[np.bool_]) -> I64:
    """For each of the frames that `arrived` the place in RECEIVED of the counter that counted them all; -1 for others."""
    joined, frames, topologies = case.joined, case.recording.frames, case.recording.topologies
    by = np.full(len(frames), -1, np.int64)
    if len(topologies) < 2 or not arrived.any():
        return by
    c, node = joined.columns, joined.wiring.node[frames.tap]
    number = {tap.node: int(at) for tap, at in zip(frames.taps, joined.wiring.node, strict=True)}
    ended = joined.last() & (joined.direction == IN) & (c.depth == 0) & (c.version != 0) & ~for_another(case)
    first, last = topologies[0].counters, topologies[-1].counters
    for place, kind in enumerate(RECEIVED):
        of_kind = ended & (c.protocol == kind.protocol) & ((c.version == kind.version) | (kind.version == 0))
        came = np.bincount(node[of_kind], minlength=max(number.values(), default=0) + 1)
        grew = np.full(len(came), -1, np.int64)
        for name, at in number.items():
            if name in last:
                grew[at] = last[name].get(kind.counter, 0) - first.get(name, {}).get(kind.counter, 0)
        by[of_kind & arrived & (grew == came)[node]] = place
    return by
