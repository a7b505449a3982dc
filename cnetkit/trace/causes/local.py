"""Packets that the destination node drops: not taken as IP, damaged, or without a socket."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence
from cnetkit.recording.frames import IN
from cnetkit.recording.protocols import TCP, UDP
from cnetkit.trace.causes.cause import Cause, around, grown, moved
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import outer_ends, outermost

Flags = NDArray[np.bool_]
NEEDED = ("Tcp.InCsumErrors", "Udp.InCsumErrors", "Ip6.Udp6InCsumErrors", "Udp.NoPorts")
"""A cause of this file needs that one of these counters increased."""
COUNTERS = {
    (TCP, 4): "Tcp.InCsumErrors", (TCP, 6): "Tcp.InCsumErrors", (UDP, 4): "Udp.InCsumErrors", (UDP, 6): "Ip6.Udp6InCsumErrors",
}  # fmt: skip


RECEIVED = "Ip.InReceives"


def before_ip(case: Case, frame: int) -> Cause | None:
    """Its node counted no IPv4 packet at all (net/ipv4/ip_input.c): something between the interface and IP dropped it."""
    c, node = case.joined.columns, case.place(frame)[0]
    snapshots = around(case, frame)
    if c.version[frame] != 4 or len(snapshots) < 2 or not all(t.counters.get(node) for t in snapshots):
        return None
    before, after = (int(topology.counters[node].get(RECEIVED, 0)) for topology in snapshots)
    if before != after:
        return None
    evidence = Evidence("counter", f"{RECEIVED} stayed at {after}", f"{node} counters", "table")
    return Cause(
        f"{node} did not receive it as an IP packet: it was thrown away at {case.place(frame)[1]}", (evidence,)
    )


def damaged(case: Case, frame: int) -> Cause | None:
    """Its checksum is wrong (RFC 1071; RFC 8200, 8.1), and the kernel counted such a packet."""
    return None if case.joined.columns.depth[frame] else _damaged(case, frame, "its checksum is wrong")


def damaged_tunnel(case: Case, frame: int) -> Cause | None:
    """The same of the outer header of a packet in a tunnel, at the tunnel's other end."""
    c, node = case.joined.columns, case.place(frame)[0]
    if case.direction(frame) != "in" or not c.depth[frame]:
        return None
    if outer_ends(c, frame)[1] not in case.tables.addresses.get(node, ()):
        return None  # a router does not look at it
    return _damaged(case, frame, "the checksum of its tunnel's header is wrong")


def _damaged(case: Case, frame: int, words: str) -> Cause | None:
    c, octets = case.joined.columns, case.joined.units.data
    network, begin = outermost(c, frame)
    if case.joined.units.cut(frame) or not begin:
        return None
    version = int(octets[network]) >> 4
    protocol = int(octets[network + (9 if version == 4 else 6)])
    at = network + (2 if version == 4 else 4)
    end = network + int(octets[at]) * 256 + int(octets[at + 1]) + (40 if version == 6 else 0)
    data = octets[begin:end]
    if (protocol, version) not in COUNTERS or end > int(c.payload[frame] + c.payload_length[frame]):
        return None
    if protocol == UDP and not data[6:8].any():
        return None
    ends = slice(network + 12, network + 20) if version == 4 else slice(network + 8, network + 40)
    pseudo = np.array([0, protocol, len(data) >> 8, len(data) & 255], np.uint8)
    counter = moved(case, frame, case.place(frame)[0], COUNTERS[protocol, version])
    if _sum(np.concatenate((octets[ends], pseudo, data))) == 0xFFFF or counter is None:
        return None
    evidence = Evidence("header", "the checksum does not fit", f"frame {frame}", "inferred")
    return Cause(words, (evidence, counter))


def _sum(octets: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> int:
    padded = np.append(octets, np.zeros(len(octets) % 2, np.uint8)).astype(np.uint64)
    total = int((padded[::2] * 256 + padded[1::2]).sum())
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _node(case: Case) -> NDArray[np.int64]:
    """The node of each frame."""
    node: NDArray[np.int64] = case.joined.wiring.node[case.recording.frames.tap]
    return node


def nobody_listens(case: Case, frame: int) -> Cause | None:
    """A datagram for a port without a socket, if the node counted all of its datagrams as such and no answer was
    captured."""
    c, node = case.joined.columns, case.place(frame)[0]
    if c.protocol[frame] != UDP or c.depth[frame] or c.version[frame] != 4 or case.joined.units.cut(frame):
        return None
    counter = moved(case, frame, node, "Udp.NoPorts")
    if counter is None or case.once(_to_a_group)[frame]:
        return None
    datagrams = case.once(_datagrams)[case.once(_node)[frame]]
    if grown(case, frame, node, "Udp.NoPorts") != datagrams:
        return None  # it holds for this datagram only if it holds for all of them
    return Cause(f"nobody at {node} has the port {int(c.dport[frame])}", (counter,))


def _datagrams(case: Case) -> NDArray[np.int64]:
    """The number of IPv4 unicast datagrams that ended at each node."""
    c, joined = case.joined.columns, case.joined
    ended = (c.protocol == UDP) & (c.version == 4) & (joined.direction == IN) & ~case.once(_to_a_group) & joined.last()
    return np.bincount(case.once(_node)[ended], minlength=len(joined.wiring.node))


def _to_a_group(case: Case) -> Flags:
    group: Flags = (case.joined.columns.eth_dst >> np.uint64(40)) & np.uint64(1) == 1
    return group


def handed_to_a_program(case: Case, frame: int) -> Cause | None:
    """Sent into a tun device: a program has read it (Documentation/networking/tuntap.rst)."""
    node, name = case.place(frame)
    device = case.tables.interfaces.get((node, name))
    if case.direction(frame) != "out" or device is None or device.kind != "tun":
        return None
    evidence = Evidence("link", f"{name} type tun", f"{node}/{name}", "table")
    return Cause(f"the program behind {name} has it", (evidence,), "consumed")
