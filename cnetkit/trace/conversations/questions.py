"""Questions of one packet and their answers: DNS over UDP, echo, ARP and neighbour discovery; and what goes wrong with them.

On columns: which questions have no answer, which answers are late, which are errors (RFC 1035, RFC 9112, RFC 8446), and which
ARP packets claim an address of another MAC address (RFC 5227). What was asked, as text: payloads.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.gather import Bytes
from cnetkit.recording.protocols import ARP, ICMP, ICMPV6, TCP, UDP
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.conversations.exchanges import GROUP_BIT, Exchanges, Flags, changes
from cnetkit.trace.steps.joined import Joined

I64 = NDArray[np.int64]
SLOW_NS = 1_000_000_000
"""An answer after this time or later is slow: resolvers wait a few seconds, then ask again."""
NUMBERED = 2
"""Of the kinds of questions, the first ones have numbers: DNS and echo."""
NXDOMAIN = 3
MOST_NAMES = 4096
"""The most names that are compared to recognise a search list."""
HTTP = np.uint64(int.from_bytes(b"HTTP/"))
FATAL, WITHOUT_MINOR = np.uint64(0x1503_0000_0202), np.uint64(0xFFFF_00FF_FFFF)
"""Type alert, version 3.x, two octets, level fatal; and all bits but those of x."""


@dataclass(frozen=True, slots=True)
class Questions:
    """One element per packet of Exchanges."""

    asked: Flags
    """It asks one host, or a network for one host."""
    unanswered: Flags
    """It asks, and the recording has no answer."""
    announcing: Flags
    """A host announces or probes its own address: nobody needs to answer."""
    slow: Flags
    """An answer that came late."""
    error: Flags
    """An answer that says that the request failed, by DNS or HTTP."""
    alert: Flags
    """A fatal TLS alert."""
    claimed: I64
    """Of an ARP packet, the earlier packet that claims its sender's address for another MAC address; else -1."""


def questions(joined: Joined, packets: Exchanges, tap: NDArray[np.int32]) -> Questions:
    """`tap` has one element per frame."""
    c, rows = joined.columns, packets.frame
    source = Bytes(joined.units.data)
    end = c.payload[rows] + c.payload_length[rows]
    head = source.word(c.payload[rows], end)
    protocol, icmp = c.protocol[rows], c.icmp_type[rows]
    group = c.eth_dst[rows] & GROUP_BIT != 0
    dns = (protocol == UDP) & (c.payload_length[rows] >= 17) & ~packets.error
    one = (head >> np.uint64(16)) & np.uint64(0xFFFF) == 1
    dns &= one & (
        (head >> np.uint64(43)) & np.uint64(15) == 0
    )  # one question of opcode 0: other programs use the port, too
    reply = head >> np.uint64(47) & np.uint64(1) != 0
    arp = (c.ethertype[rows] == ARP) & (c.payload_length[rows] >= 28)
    own = (c.src_low[rows] == c.dst_low[rows]) | (c.src_low[rows] == 0)
    neighbour = (protocol == ICMPV6) & (c.payload_length[rows] >= 16)
    probe = neighbour & (icmp == 135) & (c.src_low[rows] == 0) & (c.src_high[rows] == 0)
    kinds = (
        (dns & (c.dport[rows] == 53) & ~reply & ~group, dns & (c.sport[rows] == 53) & reply),
        (np.select([protocol == ICMP, protocol == ICMPV6], [icmp == 8, icmp == 128], False) & ~group,
         np.select([protocol == ICMP, protocol == ICMPV6], [icmp == 0, icmp == 129], False)),
        (arp & (head & np.uint64(0xFFFF) == 1) & ~own, arp & (head & np.uint64(0xFFFF) == 2)),
        (neighbour & (icmp == 135) & ~probe, neighbour & (icmp == 136)),
    )  # fmt: skip
    numbers = (head >> np.uint64(48), c.icmp_seq[rows].astype(np.uint64), np.zeros(len(rows), np.uint64))
    keys = [mix(packets.flow, np.full(len(rows), kind), value) for kind, value in enumerate(numbers)]
    second = source.word(c.payload[rows] + 8, end)
    keys.append(mix(c.vlan[rows], c.vni[rows], head, second))  # the answer has other addresses: one for all flows
    rank = np.empty(len(joined.order), np.int64)
    rank[joined.order] = np.arange(len(rank))
    asked, unanswered, slow = (np.zeros(len(rows), np.bool_) for _ in range(3))
    for number, ((asks, answers), key) in enumerate(zip(kinds, keys, strict=True)):
        asked |= asks
        places = np.flatnonzero(asks), np.flatnonzero(answers)
        _matched(*places, key, rank[rows], joined.clocks.time[rows], unanswered, slow)
        if number < NUMBERED:  # a copy of the question may come after its answer
            unanswered[places[0][np.isin(key[places[0]], key[places[1]])]] = False
    failed = kinds[0][1] & (head >> np.uint64(32) & np.uint64(15) != 0)
    failed &= ~_searched(joined, packets, failed, kinds[0][1] & ~failed)
    tcp = (protocol == TCP) & ~packets.error & (c.payload_length[rows] >= 7)
    digit = second >> np.uint64(48) & np.uint64(0xFF)
    failed |= tcp & packets.answer & (head >> np.uint64(24) == HTTP) & ((digit == ord("4")) | (digit == ord("5")))
    alert = tcp & (head >> np.uint64(16) & WITHOUT_MINOR == FATAL)
    claimed = _claimed(joined, packets, np.flatnonzero(arp & (c.src_low[rows] > 0)), tap, rank, second >> np.uint64(16))
    return Questions(asked, unanswered, (arp & own) | probe, slow, failed, alert, claimed)


def _matched(asks: I64, answers: I64, key: U64, rank: I64, time: I64, unanswered: Flags, slow: Flags) -> None:
    """Marks the questions without an answer, and the answers that came late."""
    unanswered[asks] = True
    if not len(asks) or not len(answers):
        return
    _, number = np.unique(key[np.concatenate((answers, asks))], return_inverse=True)
    place = number.astype(np.int64) * (len(unanswered) + int(rank.max()) + 1) + rank[np.concatenate((answers, asks))]
    order = np.argsort(place[: len(answers)])
    after = np.searchsorted(place[: len(answers)][order], place[len(answers) :])
    good = np.flatnonzero(after < len(answers))
    first = order[after[good]]
    same = number[first] == number[len(answers) :][good]
    asks, first = asks[good[same]], answers[first[same]]
    unanswered[asks] = False
    slow[first[time[first] - time[asks] >= SLOW_NS]] = True


def _searched(joined: Joined, packets: Exchanges, failed: Flags, succeeded: Flags) -> Flags:
    """Names that do not exist because the client's resolver appended its search domains: another answer to this client has the
    same name without them."""
    c, data, searched = joined.columns, joined.units.data, np.zeros(len(failed), np.bool_)
    places = np.flatnonzero(failed | succeeded)
    if not failed.any() or not succeeded.any() or len(places) > MOST_NAMES:
        return searched
    names = []
    for place in places.tolist():
        frame = int(packets.frame[place])
        begin, size = int(c.payload[frame]), int(c.payload_length[frame])
        code, question = (
            int(data[begin + 3]) & 15,
            data[begin + 12 : begin + size].tobytes().partition(b"\0")[0].lower(),
        )
        names.append((int(c.dst_high[frame]), int(c.dst_low[frame]), question, place, code))
    shorter: tuple[int, int, bytes] | None = None
    for high, low, question, place, code in sorted(names, key=lambda name: name[:3]):
        inside = (
            shorter is not None
            and shorter[:2] == (high, low)
            and question.startswith(shorter[2])
            and question != shorter[2]
        )
        if not code and not inside:
            shorter = high, low, question
        searched[place] = inside and code == NXDOMAIN
    return searched


def _claimed(joined: Joined, packets: Exchanges, arp: I64, tap: NDArray[np.int32], rank: I64, mac: U64) -> I64:
    """For each packet the first one at its place that claims the same address for another MAC address, or -1."""
    c, claimed = joined.columns, np.full(len(packets.frame), -1, np.int64)
    arp = arp[mac[arp] > 0]
    frame = packets.frame[arp]
    key = mix(tap[frame], c.vlan[frame], c.vni[frame], c.src_low[frame])
    order = np.lexsort((rank[frame], key))
    own = arp[order]
    first = own[np.maximum.accumulate(np.where(changes(key[order]), np.arange(len(own)), 0))]
    another = mac[own] != mac[first]
    claimed[own[another]] = first[another]
    return claimed
