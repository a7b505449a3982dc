"""Packets whose UDP or TCP header names a length that cannot be (RFC 768; RFC 9293, 3.1), if their node counted such packets.

Their node counts a datagram that is shorter than its header says in Udp.InErrors, a TCP header of fewer than 20 octets in
Tcp.InErrs (net/ipv4/udp.c, __udp4_lib_rcv; net/ipv4/tcp_ipv4.c, tcp_v4_rcv; the same for IPv6).
"""

from __future__ import annotations

from cnetkit.recording.protocols import TCP, UDP
from cnetkit.trace.causes.cause import Cause, moved
from cnetkit.trace.evidence.case import Case

COUNTERS = {(UDP, 4): "Udp.InErrors", (UDP, 6): "Ip6.Udp6InErrors", (TCP, 4): "Tcp.InErrs", (TCP, 6): "Tcp.InErrs"}
SHORTEST = {UDP: 8, TCP: 20}
"""Octets of a header without options."""


def impossible_length(case: Case, frame: int) -> Cause | None:
    """The header says that the datagram is longer than it is, or that the header is shorter than it can be."""
    c = case.joined.columns
    protocol, version = int(c.protocol[frame]), int(c.version[frame])
    counter = COUNTERS.get((protocol, version))
    if counter is None or c.depth[frame] or case.joined.units.cut(frame) or case.pieces[frame] > 0:
        return None
    at, octets = int(c.transport[frame]), case.joined.units.data
    size = int(c.network[frame] + c.length[frame]) - at
    if size < SHORTEST[protocol] or at + size > len(octets):
        return None
    if protocol == UDP:
        named = int(octets[at + 4]) * 256 + int(octets[at + 5])
        wrong = named > size or (named < SHORTEST[UDP] and not (version == 6 and named == 0))
        words = f"its UDP header says that it has {named} octets, and it has {size}"
    else:
        named = (int(octets[at + 12]) >> 4) * 4
        wrong, words = (
            named < SHORTEST[TCP],
            f"its TCP header says that the header has {named} octets: at least 20 are needed",
        )
    evidence = moved(case, frame, case.place(frame)[0], counter) if wrong else None
    return None if evidence is None else Cause(words, (evidence,))
