"""Packets whose TCP or UDP checksum is wrong (RFC 1071; RFC 8200, 8.1), if their node counted such packets.

A sender may leave the checksum to its card: then the field holds the sum of the pseudo header, and the kernel accepts it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence
from cnetkit.recording.protocols import TCP, UDP
from cnetkit.trace.causes.cause import Cause, moved
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import frame_number, outer_ends

Octets = NDArray[np.uint8]
COUNTERS = {
    (TCP, 4): "Tcp.InCsumErrors", (TCP, 6): "Tcp.InCsumErrors", (UDP, 4): "Udp.InCsumErrors", (UDP, 6): "Ip6.Udp6InCsumErrors",
}  # fmt: skip
NEEDED = tuple(dict.fromkeys(COUNTERS.values()))
FIELD = {TCP: 16, UDP: 6}
"""Where the checksum is in the header."""


def damaged(case: Case, frame: int) -> Cause | None:
    """The packet's own checksum is wrong."""
    c = case.joined.columns
    if c.depth[frame]:
        return None
    end = int(c.network[frame] + c.length[frame])
    if end > int(c.payload[frame] + c.payload_length[frame]):
        return None
    return _wrong(
        case, frame, int(c.network[frame]), int(c.transport[frame]), end, int(c.protocol[frame]), "its checksum"
    )


def damaged_tunnel(case: Case, frame: int) -> Cause | None:
    """The checksum of the tunnel's outer datagram is wrong, at the tunnel's other end."""
    c, data = case.joined.columns, case.joined.units.data
    network, transport = int(c.outer_network[frame]), int(c.outer_transport[frame])
    if case.direction(frame) != "in" or not c.depth[frame] or not transport:
        return None
    protocol = int(data[network + 9] if data[network] >> 4 == 4 else data[network + 6])
    if protocol != UDP or outer_ends(c, frame)[1] not in case.tables.addresses.get(case.place(frame)[0], ()):
        return None
    end = transport + int(data[transport + 4]) * 256 + int(data[transport + 5])
    return _wrong(case, frame, network, transport, end, protocol, "the checksum of its tunnel's header")


def _wrong(case: Case, frame: int, network: int, transport: int, end: int, protocol: int, what: str) -> Cause | None:
    octets = case.joined.units.data
    version = int(octets[network]) >> 4 if network < len(octets) else 0
    if (protocol, version) not in COUNTERS or case.joined.units.cut(frame) or end > len(octets):
        return None
    data, at = octets[transport:end], FIELD[protocol]
    if protocol == UDP and not data[at : at + 2].any():
        return None  # sent without one
    ends = slice(network + 12, network + 20) if version == 4 else slice(network + 8, network + 40)
    pseudo = np.append(octets[ends], np.array([0, protocol, len(data) >> 8, len(data) & 255], np.uint8))
    left_to_the_card = _sum(pseudo) == int(data[at]) * 256 + int(data[at + 1])
    counter = moved(case, frame, case.place(frame)[0], COUNTERS[protocol, version])
    if left_to_the_card or counter is None or _sum(np.append(pseudo, data)) == 0xFFFF:
        return None
    evidence = Evidence("header", "the checksum does not fit", frame_number(frame), "inferred")
    return Cause(f"{what} is wrong", (evidence, counter))


def _sum(octets: Octets) -> int:
    """The ones' complement sum of 16-bit words."""
    padded = np.append(octets, np.zeros(len(octets) % 2, np.uint8)).astype(np.uint64)
    total = int((padded[::2] * 256 + padded[1::2]).sum())
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
