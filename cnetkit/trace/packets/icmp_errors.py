"""Finds the packet that an ICMP error quotes, by the octets it contains (RFC 792; RFC 4443, 2.4).

With it the error joins that packet's flow, and a journey can name the journey it is about. Outcomes are decided
elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.gather import Bytes
from cnetkit.recording.protocols import ICMP, ICMP_ERRORS, ICMPV6, ICMPV6_ERRORS, TCP, UDP
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.packets.units import Units

PORTED = (TCP, UDP, 132)
UDP_LITE = 136
QUENCH, REDIRECT = 4, 5
"""ICMP errors about packets that were forwarded all the same (RFC 792)."""


def errors(columns: Columns) -> NDArray[np.bool_]:
    """The frames that are ICMP errors."""
    four: NDArray[np.bool_] = (columns.protocol == ICMP) & np.isin(columns.icmp_type, ICMP_ERRORS)
    six: NDArray[np.bool_] = (columns.protocol == ICMPV6) & np.isin(columns.icmp_type, ICMPV6_ERRORS)
    result: NDArray[np.bool_] = (four | six) & (columns.fragment == 0)
    return result


def is_error(columns: Columns, frame: int) -> bool:
    """Whether this frame is an ICMP error."""
    kinds = {ICMP: ICMP_ERRORS, ICMPV6: ICMPV6_ERRORS}.get(int(columns.protocol[frame]), ())
    return int(columns.icmp_type[frame]) in kinds and not columns.fragment[frame]


def refusals(columns: Columns) -> NDArray[np.bool_]:
    """The ICMP errors about packets that went no further: all but redirects and source quenches."""
    result = errors(columns)
    result &= ~((columns.protocol == ICMP) & np.isin(columns.icmp_type, (QUENCH, REDIRECT)))
    return result


class Quoted:
    """The packets quoted by the errors among `rows`, one element per row; zeros if too little was captured."""

    def __init__(self, units: Units, rows: Rows) -> None:
        source, c = Bytes(units.data), units.columns
        at = c.transport[rows] + 8
        end = np.maximum(c.payload[rows] + c.payload_length[rows], at)
        first = source.word(at, end)
        four = first >> np.uint64(60) == 4
        header = np.where(four, ((first >> np.uint64(56)) & np.uint64(15)).astype(np.int64) * 4, 40)
        self.version = np.where(four, 4, 6)
        protocol = np.where(four, source.word(at + 8, end) >> np.uint64(48), first >> np.uint64(8)) & np.uint64(0xFF)
        self.protocol = protocol.astype(np.uint8)
        low = [source.word(at + offset, end) for offset in (8, 16, 24, 32)]
        source_low = np.where(four, source.word(at + 12, end) >> np.uint64(32), low[1])
        target_low = np.where(four, source.word(at + 16, end) >> np.uint64(32), low[3])
        self.source = (np.where(four, np.uint64(0), low[0]), source_low)
        self.target = (np.where(four, np.uint64(0), low[2]), target_low)
        self.head = without_checksum(source.word(at + header, end), self.protocol)
        """The first eight octets after the quoted IP header, without a checksum."""
        self.readable = (self.source[0] | self.source[1]) > 0
        """Whether enough was captured to know the quoted packet's ends."""
        ported = np.isin(self.protocol, PORTED)
        echo = np.isin(self.protocol, (ICMP, ICMPV6))
        number = (self.head >> np.uint64(16)) & np.uint64(0xFFFF)
        self.sport = np.select([ported, echo], [self.head >> np.uint64(48), number], np.uint64(0))
        self.dport = np.select([ported, echo], [(self.head >> np.uint64(32)) & np.uint64(0xFFFF), number], np.uint64(0))

    def either_way(self) -> U64:
        """A digest of both quoted ends that is the same in either direction, as conversations/flows.py makes it."""
        source = mix(self.source[1], self.source[0], self.sport)
        target = mix(self.target[1], self.target[0], self.dport)
        return mix(source + target, self.protocol, 0)


def heads(units: Units, rows: Rows) -> U64:
    """The first eight octets of the transport header, without a checksum: if the card is to compute it, it is not yet there."""
    c = units.columns
    at = c.transport[rows].astype(np.int64)
    words = Bytes(units.data).word(at, np.maximum(c.payload[rows] + c.payload_length[rows], at))
    return without_checksum(words, c.protocol[rows])


def without_checksum(head: U64, protocol: NDArray[np.uint8]) -> U64:
    """The first eight octets of a UDP, ICMP or other header, with 0 instead of the checksum."""
    udp, icmp = np.isin(protocol, (UDP, UDP_LITE)), np.isin(protocol, (ICMP, ICMPV6))
    sum_ = np.select([udp, icmp], [np.uint64(0xFFFF), np.uint64(0xFFFF << 32)], np.uint64(0))
    result: U64 = head & ~sum_
    return result
