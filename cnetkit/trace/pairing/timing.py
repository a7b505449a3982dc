"""When and where each row was seen, and while what each interface was captured.

Packets that nobody numbered (ARP, or identification 0) may look the same for hours. Where one interface was captured
while the other one was not, the k-th that one saw need not be the k-th of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.protocols import ICMP, ICMPV6, TCP
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.arrays.order import ranks
from cnetkit.trace.clocks.clock import Clocks

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

PAUSE_NS = 50_000_000
"""Sightings of one packet at neighbouring places are usually no farther apart; identical packets that are count anew."""
SLOW = 4
"""A pair is in doubt where it took more than this many times what is usual."""

IGMP = 2
ECHOES = (ICMP, 0), (ICMP, 8), (ICMPV6, 128), (ICMPV6, 129)


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """n rows in the order of time."""

    time: NDArray[np.int64]
    tap: Rows
    numbered: Flags
    """Rows of packets that their senders numbered."""
    packet: U64
    """A digest of what each packet keeps."""
    telling: Flags
    """Rows of packets whose payload may tell them from all others."""
    since: NDArray[np.int64]
    until: NDArray[np.int64]
    """An element a tap: when it showed its first frame, and its last."""
    clocks: Clocks | None
    """Given where there are several."""
    within: Rows | None = None
    """Given where a step takes no time to speak of: rows of one number are in doubt if they are far apart."""

    def after(self, parent: Rows, child: Rows, ties: bool) -> Flags:
        """Pairs whose child came after its parent, or with `ties` at the same time, as far as their clocks can tell."""
        after: Flags = parent < child
        if ties:
            after |= self.time[parent] == self.time[child]
        if self.clocks is not None:
            one, other, slack = self.tap[parent], self.tap[child], self.clocks.slack
            several = self.clocks.clock[one] != self.clocks.clock[other]
            after |= several & (self.time[parent] - self.time[child] <= slack[one] + slack[other])
        return after

    def _incomparable(self, parent: Rows, child: Rows) -> Flags | bool:
        """Pairs seen by two clocks of which nothing tells how they differ."""
        if self.clocks is None:
            return False
        apart: Flags = self.clocks.island[self.tap[parent]] != self.clocks.island[self.tap[child]]
        return apart

    def doubtful(self, parent: Rows, child: Rows, usual: NDArray[np.float64] | None = None) -> Flags:
        """Pairs that may be of two packets: far apart, not numbered, and seen while only one place was captured.

        With what is `usual` for each tap, those only that took much longer. By clocks that cannot be compared all that is
        not numbered is far apart.
        """
        took = self.time[child] - self.time[parent]
        doubt: Flags = (took > PAUSE_NS) | self._incomparable(parent, child)
        far = np.flatnonzero(doubt)
        if len(far):
            one, other = parent[far], child[far]
            alone = (self.time[one] < self.since[self.tap[other]]) | (self.time[other] > self.until[self.tap[one]])
            if self.within is not None:
                alone |= self.within[one] == self.within[other]
            if usual is not None:
                alone &= took[far] > SLOW * usual[self.tap[other]]
            alone |= self._incomparable(one, other)
            doubt[far] = alone & ~(self.numbered[one] & self.numbered[other])
            doubt[far] &= ~(self.telling[one] & self.telling[other]) | self._repeated(other)
        return doubt

    def _repeated(self, rows: Rows) -> Flags:
        """Rows of packets of which one interface saw several that are alike."""
        alike = np.flatnonzero(np.isin(self.packet, self.packet[rows]))
        _, several, _ = ranks(mix(self.packet[alike], self.tap[alike]))
        found: Flags = np.isin(self.packet[rows], self.packet[alike[several > 1]])
        return found

    def usual(self, parent: Rows, child: Rows) -> NDArray[np.float64]:
        """For each tap how long these pairs took to come there, in ns: the geometric mean of those not in doubt, or 0."""
        took, count = self.time[child] - self.time[parent], len(self.since)
        if not (took > PAUSE_NS).any():
            return np.zeros(count)
        sure = ~self.doubtful(parent, child)
        tap, took = self.tap[child[sure]], np.log(np.maximum(took[sure], 1))
        times = np.bincount(tap, minlength=count)
        return np.where(times > 0, np.exp(np.bincount(tap, took, count) / np.maximum(times, 1)), 0)


def timing_of(
    time: NDArray[np.int64],
    tap: Rows,
    numbered: Flags,
    packet: U64,
    telling: Flags,
    taps: int,
    clocks: Clocks | None = None,
) -> Timing:
    """`taps` is how many there are; `clocks` are given where there are several."""
    since, until = np.full(taps, 1 << 62), np.full(taps, -1 << 62)
    since[tap[::-1]], until[tap] = time[::-1], time  # the last one written stays
    return Timing(time, tap, numbered, packet, telling, since, until, clocks)


def numbered(columns: Columns) -> Flags:
    """Packets whose senders number them: by an identification, TCP's sequence or that of an echo."""
    found: Flags = (columns.ident != 0) | (columns.protocol == TCP)
    for protocol, kind in ECHOES:
        found |= (columns.protocol == protocol) & (columns.icmp_type == kind)
    return found


def telling(columns: Columns) -> Flags:
    """Packets that carry a program's own octets: eight or more, and of no protocol that says the same again and again."""
    found: Flags = (columns.version > 0) & (columns.payload_length >= 8)
    return found & ~np.isin(columns.protocol, (ICMP, IGMP, ICMPV6))
