"""When and where each row was captured, and during what time each interface was captured.

Packets without a sequence number (ARP, or identification 0) may look the same for hours. If one interface was captured
while another was not, the k-th packet at one need not be the k-th packet at the other.
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
"""One packet usually passes neighbouring interfaces within this time. After a longer pause, identical packets are
counted anew."""
SLOW = 4
"""A pair is doubtful if it took more than this many times the usual delay."""

IGMP = 2
ECHOES = (ICMP, 0), (ICMP, 8), (ICMPV6, 128), (ICMPV6, 129)


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """n rows in the order of time."""

    time: NDArray[np.int64]
    tap: Rows
    numbered: Flags
    """Rows of packets that carry a number from their sender."""
    packet: U64
    """A digest of the parts of each packet that never change."""
    distinctive: Flags
    """Rows of packets whose payload may distinguish them from all others."""
    since: NDArray[np.int64]
    until: NDArray[np.int64]
    """For each tap the time of its first and of its last frame."""
    clocks: Clocks | None
    """Set if there are several."""
    within: Rows | None = None
    """Set for steps that take almost no time: a pair within the same number is doubtful if its rows are far apart."""

    def after(self, parent: Rows, child: Rows, ties: bool) -> Flags:
        """Pairs whose child came after its parent, or with `ties` at the same time, as far as the accuracy of their
        clocks allows."""
        after: Flags = parent < child
        if ties:
            after |= self.time[parent] == self.time[child]
        if self.clocks is not None:
            first, second, slack = self.tap[parent], self.tap[child], self.clocks.slack
            several = self.clocks.clock[first] != self.clocks.clock[second]
            after |= several & (self.time[parent] - self.time[child] <= slack[first] + slack[second])
        return after

    def _incomparable(self, parent: Rows, child: Rows) -> Flags | bool:
        """Pairs captured by two clocks whose difference is unknown."""
        if self.clocks is None:
            return False
        apart: Flags = self.clocks.island[self.tap[parent]] != self.clocks.island[self.tap[child]]
        return apart

    def doubtful(self, parent: Rows, child: Rows, usual: NDArray[np.float64] | None = None) -> Flags:
        """Pairs that may be two different packets: far apart, not numbered, and captured while only one interface was.

        With `usual`, the usual delay of each tap, only pairs that took much longer. If the clocks cannot be compared,
        everything that is not numbered is doubtful.
        """
        took = self.time[child] - self.time[parent]
        doubt: Flags = (took > PAUSE_NS) | self._incomparable(parent, child)
        far = np.flatnonzero(doubt)
        if len(far):
            first, second = parent[far], child[far]
            alone = (self.time[first] < self.since[self.tap[second]]) | (
                self.time[second] > self.until[self.tap[first]]
            )
            if self.within is not None:
                alone |= self.within[first] == self.within[second]
            if usual is not None:
                alone &= took[far] > SLOW * usual[self.tap[second]]
            alone |= self._incomparable(first, second)
            doubt[far] = alone & ~(self.numbered[first] & self.numbered[second])
            doubt[far] &= ~(self.distinctive[first] & self.distinctive[second]) | self._repeated(second)
        return doubt

    def _repeated(self, rows: Rows) -> Flags:
        """Rows of packets that one interface captured more than once."""
        candidates = np.flatnonzero(np.isin(self.packet, self.packet[rows]))
        _, several, _ = ranks(mix(self.packet[candidates], self.tap[candidates]))
        repeated: Flags = np.isin(self.packet[rows], self.packet[candidates[several > 1]])
        return repeated

    def usual(self, parent: Rows, child: Rows) -> NDArray[np.float64]:
        """For each tap the usual delay of these pairs in ns: the geometric mean of those that are not doubtful, or 0."""
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
    distinctive: Flags,
    taps: int,
    clocks: Clocks | None = None,
) -> Timing:
    """`taps` is how many there are; `clocks` are given if there are several."""
    since, until = np.full(taps, 1 << 62), np.full(taps, -1 << 62)
    since[tap[::-1]], until[tap] = time[::-1], time  # the last value written stays
    return Timing(time, tap, numbered, packet, distinctive, since, until, clocks)


def numbered(columns: Columns) -> Flags:
    """Packets that carry a number from their sender: an IP identification, a TCP or ICMP echo sequence number."""
    numbered: Flags = (columns.ident != 0) | (columns.protocol == TCP)
    for protocol, kind in ECHOES:
        numbered |= (columns.protocol == protocol) & (columns.icmp_type == kind)
    return numbered


def distinctive(columns: Columns) -> Flags:
    """Packets with eight or more octets of application data, of a protocol that does not repeat the same message."""
    distinctive: Flags = (columns.version != 0) & (columns.payload_length >= 8)
    return distinctive & ~np.isin(columns.protocol, (ICMP, IGMP, ICMPV6))
