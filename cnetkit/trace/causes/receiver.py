"""Packets that the receiving node's transport layer threw away after netfilter had let them in.

A cause is named if its counter grew by as many packets as may have met it; if it grew by another number, the packet arrived and
one of these may have taken it. Sources: Documentation/networking/snmp_counter.rst, net/ipv4/tcp_ipv4.c, tcp_input.c, udp.c,
net/xfrm/xfrm_policy.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN
from cnetkit.recording.protocols import TCP, UDP
from cnetkit.trace.arrays.digests import mix
from cnetkit.trace.causes.cause import Cause, grown, moved
from cnetkit.trace.evidence.addressed import for_another
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import hooks_passed

I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]
FIN, SYN, ACK = 1, 2, 16
Kind = Literal["syn", "segment", "datagram", "packet"]


@dataclass(frozen=True, slots=True)
class ReceiverLoss:
    """One reason. `kind`: the packets that may meet it; `version` 0: of both. `less`: what its counter counts besides."""

    counter: str
    kind: Kind
    version: int
    words: str
    less: tuple[str, ...] = ()


UDP4, UDP6 = ("Udp.RcvbufErrors", "Udp.MemErrors", "Udp.InCsumErrors"), ("Ip6.Udp6RcvbufErrors", "Ip6.Udp6MemErrors",
                                                                    "Ip6.Udp6InCsumErrors")  # fmt: skip
XFRM = "an IPsec policy (xfrm) of the node"
LOSSES = (
    ReceiverLoss("Xfrm.InPolBlock", "packet", 0, f"{XFRM} blocks it"),
    ReceiverLoss("Xfrm.InNoPols", "packet", 0, f"{XFRM} wants it encrypted"),
    ReceiverLoss("Xfrm.InTmplMismatch", "packet", 0, f"{XFRM} wants it encrypted otherwise"),
    ReceiverLoss("Xfrm.InNoStates", "packet", 0, "the node has no IPsec state (xfrm) for it"),
    ReceiverLoss("TcpExt.TCPMD5NotFound", "segment", 0, "the socket wants TCP MD5 signatures, and it has none"),
    ReceiverLoss("TcpExt.TCPMD5Unexpected", "segment", 0, "it has a TCP MD5 signature, and the socket has no key for its sender"),
    ReceiverLoss("TcpExt.TCPMD5Failure", "segment", 0, "its TCP MD5 signature does not fit"),
    ReceiverLoss("TcpExt.TCPAORequired", "segment", 0, "the socket wants TCP-AO, and it has none"),
    ReceiverLoss("TcpExt.TCPAOBad", "segment", 0, "its TCP-AO signature does not fit"),
    ReceiverLoss("TcpExt.TCPMinTTLDrop", "segment", 0, "its TTL is lower than the socket's minimum (IP_MINTTL)"),
    ReceiverLoss("TcpExt.TCPReqQFullDrop", "syn", 0, "the listener's queue of half-open connections (SYN backlog) was full"),
    ReceiverLoss("TcpExt.ListenOverflows", "syn", 0, "the listener's queue of connections was full"),
    ReceiverLoss("TcpExt.ListenDrops", "syn", 0, "the listener dropped it: its queue was full or it had no memory",
         ("TcpExt.ListenOverflows",)),
    ReceiverLoss("TcpExt.TCPBacklogDrop", "segment", 0, "the socket's backlog was full"),
    ReceiverLoss("TcpExt.TCPRcvQDrop", "segment", 0, "the socket's receive buffer was full"),
    ReceiverLoss("TcpExt.TCPZeroWindowDrop", "segment", 0, "the socket's receive window was closed"),
    ReceiverLoss("TcpExt.PAWSEstab", "segment", 0, "its timestamp is older than the connection's (PAWS)"),
    ReceiverLoss("TcpExt.PFMemallocDrop", "packet", 0, "the node had no memory for it"),
    ReceiverLoss("Udp.RcvbufErrors", "datagram", 4, "the socket's receive buffer was full"),
    ReceiverLoss("Ip6.Udp6RcvbufErrors", "datagram", 6, "the socket's receive buffer was full"),
    ReceiverLoss("Udp.MemErrors", "datagram", 4, "UDP's memory was used up"),
    ReceiverLoss("Ip6.Udp6MemErrors", "datagram", 6, "UDP's memory was used up"),
    ReceiverLoss("Udp.InErrors", "datagram", 4, "the socket refused it: a socket filter, or a policy", UDP4),
    ReceiverLoss("Ip6.Udp6InErrors", "datagram", 6, "the socket refused it: a socket filter, or a policy", UDP6),
    ReceiverLoss("Ip.InDiscards", "packet", 4, "the node discarded it, for want of memory or by a policy"),
    ReceiverLoss("Ip6.InDiscards", "packet", 6, "the node discarded it, for want of memory or by a policy"),
    ReceiverLoss("Ip.InUnknownProtos", "packet", 4, "nothing at the node takes its protocol"),
    ReceiverLoss("Ip6.InUnknownProtos", "packet", 6, "nothing at the node takes its protocol"),
)  # fmt: skip
"""From the closest to the most general."""
IPSEC = 4
"""The first ones are those of IPsec policies, which are asked for forwarded packets too."""
MOST = 5000
"""More packets than this are not compared one by one."""
COUNTERS = tuple(loss.counter for loss in LOSSES)
HALF_OPEN = "TcpExt.TCPReqQFullDrop"
PATIENCE_NS = 30_000_000_000
"""A half-open connection stays in the queue for longer (tcp(7), tcp_synack_retries)."""
SEGMENTS = "Tcp.InSegs"
"""What TCP received, counted before it throws anything away (net/ipv4/tcp_ipv4.c, tcp_v4_rcv)."""
BUFFERS = ("Udp.RcvbufErrors", "Ip6.Udp6RcvbufErrors")
READ = {"Udp.RcvbufErrors": "Udp.InDatagrams", "Ip6.Udp6RcvbufErrors": "Ip6.Udp6InDatagrams"}


class Arrivals:
    """The packets that came to their end at each node without an answer."""

    def __init__(self, case: Case) -> None:
        joined, frames, c = case.joined, case.recording.frames, case.joined.columns
        self.node = joined.wiring.node[frames.tap]
        group = (c.eth_dst >> np.uint64(40)) & np.uint64(1) == 1
        ended = joined.last() & (joined.direction == IN) & (c.depth == 0) & (c.version != 0) & ~group
        ended &= ~joined.incomplete & ~for_another(case)
        tcp, udp = ended & (c.protocol == TCP), ended & (c.protocol == UDP)
        takes = (c.payload_length + c.cut + (c.flags & (SYN | FIN))) > 0
        self.kinds: dict[Kind, Flags] = {
            "syn": tcp & (c.flags & (SYN | ACK) == SYN), "segment": tcp & takes, "datagram": udp, "packet": ended,
        }  # fmt: skip
        self.version, self.came = c.version, tcp
        self.tcp = np.bincount(self.node[tcp], minlength=int(self.node.max(initial=0)) + 1)
        self.port = mix(self.node, c.dport)

    def segments(self, frame: int) -> int:
        """The number of TCP segments that ended at the node of `frame`."""
        return int(self.tcp[self.node[frame]])

    def of(self, case: Case, frame: int, loss: ReceiverLoss) -> I64:
        """The packets at the node of `frame` that may have met this, in the order of time; none if `frame` is not one."""
        if not self.kinds[loss.kind][frame] or (loss.version and self.version[frame] != loss.version):
            return np.zeros(0, np.int64)
        here = self.kinds[loss.kind] & (self.node == self.node[frame])
        here &= (self.version == loss.version) | (loss.version == 0)
        rows = np.flatnonzero(here & (case.once(answers) < 0))
        return rows[np.argsort(case.rank[rows])]


def lost_after_input(case: Case, frame: int) -> Cause | None:
    """The reason whose counter grew by as many packets as may have met it; else that one of several may have."""
    if case.once(answers)[frame] >= 0:
        return None
    node, arrivals, possible = case.place(frame)[0], case.once(Arrivals), []
    reached = grown(case, frame, node, SEGMENTS) >= arrivals.segments(frame)
    for loss in LOSSES:
        if loss.kind in ("syn", "segment") and not reached:
            continue  # some never came to TCP: it is not known which one TCP counted
        rows = arrivals.of(case, frame, loss)
        grew = grown(case, frame, node, loss.counter) - sum(grown(case, frame, node, name) for name in loss.less)
        if not 0 < grew <= len(rows) or frame not in rows:
            continue  # if it counted more than were captured, it may have counted others only
        counter = moved(case, frame, node, loss.counter)
        assert counter is not None  # noqa: S101 - it grew
        if (
            grew == len(rows)
            or (loss.counter in BUFFERS and _last_of_a_full_buffer(case, arrivals, rows, frame, loss, grew))
            or (loss.counter == HALF_OPEN and _last_of_a_full_queue(case, arrivals, rows, frame, grew))
        ):
            return Cause(loss.words, (counter,))
        possible.append((loss, counter))
    if not possible:
        return None
    words = "; or ".join(dict.fromkeys(loss.words for loss, _ in possible))
    return Cause(f"one of these may have taken it: {words}", tuple(counter for _, counter in possible), "arrived")


def blocked_by_ipsec(case: Case, frame: int) -> Cause | None:
    """A policy stopped a packet that its node should have forwarded, before the forward hook (net/ipv4/ip_forward.c)."""
    if case.once(answers)[frame] >= 0 or hooks_passed(case, frame):
        return None
    node, arrivals = case.place(frame)[0], case.once(Arrivals)
    for loss in LOSSES[:IPSEC]:
        grew = grown(case, frame, node, loss.counter)
        rows = arrivals.of(case, frame, loss) if grew > 0 else np.zeros(0, np.int64)
        if len(rows) < grew or len(rows) > MOST or frame not in rows:
            continue
        counter = moved(case, frame, node, loss.counter)
        if counter is not None and grew == sum(not hooks_passed(case, row) for row in rows.tolist()):
            return Cause(loss.words, (counter,))
    return None


def _last_of_a_full_buffer(
    case: Case, arrivals: Arrivals, rows: I64, frame: int, loss: ReceiverLoss, grew: int
) -> bool:
    """Whether it is among the last `grew` of equal datagrams to one socket from which nobody read: those found it full."""
    c, node = case.joined.columns, case.place(frame)[0]
    alike = len(np.unique(arrivals.port[rows])) == 1 and len(np.unique(c.payload_length[rows])) == 1
    return alike and grown(case, frame, node, READ[loss.counter]) == 0 and frame in rows[-grew:]


def _last_of_a_full_queue(case: Case, arrivals: Arrivals, rows: I64, frame: int, grew: int) -> bool:
    """Whether it is among the last `grew` SYNs to one port where no connection left the queue: those found it full."""
    c, port = case.joined.columns, arrivals.port
    others = arrivals.came & (port == port[frame]) & (c.flags & (SYN | ACK) != SYN)
    ends = mix(c.src_high, c.src_low, c.sport)
    again = np.isin(ends[rows[-grew:]], ends[rows[:-grew]]).any()
    soon = case.time(int(rows[-1])) - case.time(int(rows[0])) < PATIENCE_NS
    alone = len(np.unique(port[rows])) == 1 and not others.any() and not again and soon
    return alone and frame in rows[-grew:]
