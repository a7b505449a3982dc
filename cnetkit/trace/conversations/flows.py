"""Groups journeys into flows: one connection, in both directions, across NAT.

Journeys belong together if they showed the same two ends at any hop, in either direction; the journeys themselves
contain the changes made by NAT. What a node sends to itself by loopback shows only one side of a translation, for example of a
REDIRECT in OUTPUT: there the conntrack entry says which ends belong together. An ICMP error belongs to the flow of the packet
that it quotes. Packets without ports are grouped by protocol and addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Connection
from cnetkit.recording.protocols import DNS_PORTS, TCP, UDP
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.arrays.order import group_numbers
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.icmp_errors import Quoted, errors
from cnetkit.trace.packets.packet import reply_ends
from cnetkit.trace.steps.joined import Joined, connections_of
from cnetkit.trace.steps.nat import PROTOCOLS, WORD


def grouped(joined: Joined, connections: Sequence[Connection] = ()) -> NDArray[np.int64]:
    """For each journey the number of its flow, counted from 0 in the order of the flows' first journeys.

    `connections`: entries whose two tuples belong together though no journey shows both.
    """
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
    beside = np.arange(count, count + len(connections))  # an entry counts as a journey that shows both of its ends
    journey = np.concatenate((journey, beside, beside))
    ends, _ = group_numbers(np.concatenate((digest[rows], about, *_tuples(connections))))
    label = np.arange(count + len(connections))
    while True:
        least = np.full(int(ends.max(initial=-1)) + 1, len(label))
        np.minimum.at(least, ends, label[journey])
        lower = label.copy()
        np.minimum.at(lower, journey, least[ends])
        lower = lower[lower]
        if np.array_equal(lower, label):
            break
        label = lower
    label = label[:count]
    number: NDArray[np.int64] = (np.cumsum(label == np.arange(count)) - 1)[label]  # a label is its flow's first journey
    return number


def by_loopback(case: Case) -> list[Connection]:
    """The translating entries of nodes whose loopback interface was captured, if the other end is the node itself."""
    nodes = {tap.node for tap in case.recording.frames.taps if tap.interface == "lo"}
    return [
        entry for entry in (connections_of(case.recording) if nodes else ())
        if entry.node in nodes and entry.original != reply_ends(entry.reply) and entry.protocol in PROTOCOLS
        and (entry.reply.source in case.tables.addresses.get(entry.node, ()) or entry.reply.source.startswith("127."))
    ]  # fmt: skip


def resolving(joined: Joined, flow: NDArray[np.int64], connections: Sequence[Connection] = ()) -> NDArray[np.bool_]:
    """For each journey whether it belongs to a flow of a name server: a hop of the flow shows one of its ports, or an entry of
    `connections` does, for ends that a hop shows.

    A question to 127.0.0.11 shows port 53 at no hop: the rules of a Docker container change it before its first frame.
    """
    c = joined.columns
    asks = np.isin(c.sport, DNS_PORTS) | np.isin(c.dport, DNS_PORTS)
    translated = [entry for entry in connections if entry.original.destination_port in DNS_PORTS]
    if translated:
        asks |= np.isin(both_ends(joined), _tuples(translated)[1])
    asks &= (joined.journey >= 0) & ((c.protocol == TCP) | (c.protocol == UDP)) & (c.fragment == 0)
    named = np.zeros(len(flow), np.bool_)  # by flow: there are no more flows than journeys
    named[flow[joined.journey[asks]]] = True
    return named[flow]


def _tuples(connections: Sequence[Connection]) -> tuple[U64, ...]:
    """Digests as `both_ends` makes them, of all original and of all reply tuples."""
    if not connections:
        return ()
    protocol = np.array([PROTOCOLS[entry.protocol] for entry in connections], np.int64)
    digests = []
    for tuples in ([entry.original for entry in connections], [entry.reply for entry in connections]):
        sides = []
        for addresses, ports in (
            ([t.source for t in tuples], [t.source_port for t in tuples]),
            ([t.destination for t in tuples], [t.destination_port for t in tuples]),
        ):
            values = [int(ipaddress.ip_address(address)) for address in addresses]
            low, high = np.array([v & WORD for v in values], np.uint64), np.array([v >> 64 for v in values], np.uint64)
            sides.append(mix(low, high, np.array(ports, np.uint16)))
        digests.append(mix(sides[0] + sides[1], protocol, np.zeros(len(tuples), np.uint16)))
    return tuple(digests)


def both_ends(joined: Joined) -> U64:
    """Digests of both ends, equal for both directions."""
    c = joined.columns
    icmp = (c.protocol == 1) | (c.protocol == 58)
    sport, dport = (np.where(icmp, c.icmp_id, port) for port in (c.sport, c.dport))
    bare = (c.src_low | c.src_high | c.dst_low | c.dst_high) == 0
    source = mix(np.where(bare, c.eth_src, c.src_low), c.src_high, sport)
    target = mix(np.where(bare, c.eth_dst, c.dst_low), c.dst_high, dport)
    return mix(source + target, c.protocol, np.where(c.version != 0, np.uint16(0), c.ethertype))
