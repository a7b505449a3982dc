"""Conversations: how the exchange of each flow went, judged from its frames alone.

The state of every flow is computed at once, on columns; a Conversation object is made on access. What was asked by
name (DNS, TLS, HTTP, ARP) is in payloads.py. The reasons for it are in causes/.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.protocols import ICMP, ICMPV6, TCP, UDP
from cnetkit.trace.conversations.exchanges import ACK, FIN, GROUP_BIT, RST, SYN, Flags, exchanges
from cnetkit.trace.conversations.tcp import segments
from cnetkit.trace.packets.packet import error_name, packet_of
from cnetkit.trace.steps.joined import Joined

I64 = NDArray[np.int64]

REFUSED, REJECTED, UNANSWERED, RESET, STALLED, ONE_WAY, ANSWERED, CLOSED, ANNOUNCED = range(9)
STATES = ("refused", "rejected", "unanswered", "reset", "stalled", "one-way", "answered", "closed", "announced")
"""The worst first. refused: a TCP reset answered the SYN. rejected: only an ICMP error did. stalled: TCP opened, then
one end sent data repeatedly and nothing came back. one-way: packets that need no answer, and got none. announced:
to a group."""
FAILED = (REFUSED, REJECTED, UNANSWERED, RESET, STALLED)
REQUESTS = (53, 67, 123, 161, 500, 547, 5353, 5355)
"""UDP ports of protocols in which a question has an answer."""
FINDINGS = ("retransmitted", "out of order", "gap", "repeated acknowledgement", "zero window")
MOST_FRAMES = 8
"""The most frame numbers that are kept for each finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of some packets of a conversation."""

    kind: str
    """One of FINDINGS, or the name of an ICMP error."""
    count: int
    frames: tuple[int, ...]
    """The first of them."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """How the exchange of one flow went. Times in nanoseconds; frames by their number in the recording, from 0."""

    flow: int
    state: str
    """One of STATES."""
    opened: bool | None
    """Whether TCP's handshake succeeded; None for other protocols, and if no SYN was captured."""
    tries: int
    """How often the client sent its first packet: SYNs for TCP, else packets before the first answer."""
    sent: tuple[int, int]
    """Packets and payload octets from the client."""
    received: tuple[int, int]
    """Packets and payload octets to the client."""
    begin_ns: int
    duration_ns: int
    round_trip_ns: int
    """From the first question to the first answer; 0 without an answer."""
    first: int
    """Its first frame."""
    ended_by: int
    """The frame that refused, rejected or reset it, or -1."""
    ended_how: str
    """`TCP reset` or the name of the ICMP error; empty if nothing ended it."""
    ended_from: str
    """The address that sent that frame."""
    findings: tuple[Finding, ...]


class ConversationColumns:
    """The conversations of all flows, one element per flow."""

    def __init__(self, joined: Joined, tap: NDArray[np.int32], flow: I64, flows: int) -> None:
        self._joined = joined
        self.packets = exchanges(joined, tap, flow, flows)
        self.segments = segments(joined, self.packets)
        self.state, self._ended = self._judged()
        findings = (self.segments.retransmitted, self.segments.out_of_order, self.segments.gap,
                 self.segments.repeated_ack, self.segments.zero_window)  # fmt: skip
        self._marks = dict(zip(FINDINGS, findings, strict=True))
        self.findings = {kind: self.packets.count(which) for kind, which in self._marks.items()}
        """How many packets of each kind."""

    def _judged(self) -> tuple[NDArray[np.uint8], I64]:
        """The state of each flow, and the index of the packet that ended it, or -1."""
        p, c = self.packets, self._joined.columns
        rows = p.frame
        tcp = (c.protocol[rows] == TCP) & ~p.error
        flags = np.where(tcp, c.flags[rows], 0).astype(np.int64)
        data = (c.payload_length[rows] + c.cut[rows] > 0) & ~p.error
        count = p.count
        is_tcp = count(tcp) > 0
        answers, errors = count(p.answer), count(p.error)
        accepted = count(tcp & (flags & (SYN | ACK) == SYN | ACK)) > 0
        opening = count(tcp & (flags & (SYN | ACK) == SYN)) > 0
        reset, error = p.first(tcp & (flags & RST > 0)), p.first(p.error)
        finished = (count(tcp & (flags & FIN > 0) & p.answer) > 0) & (count(tcp & (flags & FIN > 0) & ~p.answer) > 0)
        first = np.where(p.begins[:-1] < p.begins[1:], p.begins[:-1], 0)
        group = (c.eth_dst[rows[first]] & GROUP_BIT > 0) if len(rows) else np.zeros(len(answers), np.bool_)
        group = group & (c.version[rows[first]] > 0) if len(rows) else group
        expects = self._expects_an_answer(first)
        refused = opening & ~accepted & (reset >= 0) & p.answer[np.maximum(reset, 0)] if len(rows) else opening
        late = self._after_the_end(reset, flags)
        state = np.select(
            [refused, (errors > 0) & (answers == 0), is_tcp & (answers == 0) & opening, (reset >= 0) & ~refused & ~late,
             accepted & self._silence(data) & ~finished, finished, group & (answers == 0), answers > 0, expects],
            [REFUSED, REJECTED, UNANSWERED, RESET, STALLED, CLOSED, ANNOUNCED, ANSWERED, UNANSWERED], ONE_WAY,
        ).astype(np.uint8)  # fmt: skip
        ended = np.select([np.isin(state, (REFUSED, RESET)), state == REJECTED], [reset, error], -1)
        return state, ended

    def _expects_an_answer(self, first: I64) -> Flags:
        """Flows whose protocol has answers, by the protocol of their first packet."""
        c, rows = self._joined.columns, self.packets.frame
        if not len(rows):
            return np.zeros(len(first), np.bool_)
        frame = rows[first]
        echo = ((c.protocol[frame] == ICMP) & (c.icmp_type[frame] == 8)) | (
            (c.protocol[frame] == ICMPV6) & np.isin(c.icmp_type[frame], (128, 135))
        )
        question = (c.protocol[frame] == UDP) & np.isin(c.dport[frame], REQUESTS)
        arp = (c.version[frame] == 0) & (c.ethertype[frame] == 0x0806)
        expects: Flags = echo | question | arp
        return expects

    def _silence(self, data: Flags) -> Flags:
        """Whether one end sent two or more packets with data after the last packet of the other."""
        p = self.packets
        place, silent = np.arange(len(p.frame)), np.zeros(len(p.begins) - 1, np.bool_)
        for side in (p.answer, ~p.answer & ~p.error):
            last = np.full(len(silent), -1, np.int64)
            last[p.flow[~side & ~p.error]] = place[~side & ~p.error]  # the last one written stays
            silent |= p.count(side & data & (place > last[p.flow])) > 1
        return silent

    def _after_the_end(self, reset: I64, flags: I64) -> Flags:
        """Whether both ends, or the one that sent the reset, had closed before it: a quick close."""
        p = self.packets
        done = [p.first((flags & FIN > 0) & side) for side in (p.answer, ~p.answer)]
        either = [(place >= 0) & (place < np.maximum(reset, 0)) for place in done]
        late: Flags = (reset >= 0) & either[0] & either[1]
        return late

    # --- A single conversation ----------------------------------------------------------------------------------------

    def conversation(self, flow: int) -> Conversation:
        """The conversation of one flow."""
        p, c, state = self.packets, self._joined.columns, int(self.state[flow])
        places = np.arange(p.begins[flow], p.begins[flow + 1])
        rows, answer, error = p.frame[places], p.answer[places], p.error[places]
        time = self._joined.clocks.time[rows]
        size = c.payload_length[rows].astype(np.int64) + c.cut[rows]
        sides = [(int(side.sum()), int(size[side].sum())) for side in (~answer & ~error, answer)]
        opened, tries, round_trip = self._opening(rows, answer, error, time)
        ended = int(self._ended[flow])
        return Conversation(
            flow, STATES[state], opened, tries, sides[0], sides[1], int(time[0]) if len(time) else 0,
            int(time[-1] - time[0]) if len(time) else 0, round_trip, int(rows[0]) if len(rows) else -1,
            int(p.frame[ended]) if ended >= 0 else -1, self._how(ended) if ended >= 0 else "",
            packet_of(c, int(p.frame[ended])).ends.source if ended >= 0 else "", self._findings(places),
        )  # fmt: skip

    def _opening(self, rows: I64, answer: Flags, error: Flags, time: I64) -> tuple[bool | None, int, int]:
        c = self._joined.columns
        flags = np.where(c.protocol[rows] == TCP, c.flags[rows], 0)
        syn, accepted = ~error & (flags & (SYN | ACK) == SYN), flags & (SYN | ACK) == SYN | ACK
        asked = syn if syn.any() else ~answer & ~error
        came = np.flatnonzero(answer)
        before = asked & (np.arange(len(rows)) < came[0]) if len(came) else asked
        question = np.flatnonzero(before)
        round_trip = int(time[came[0]] - time[question[-1]]) if len(came) and len(question) else 0
        return (bool(accepted.any()) if syn.any() else None), int(before.sum()), round_trip

    def _how(self, place: int) -> str:
        c, frame = self._joined.columns, int(self.packets.frame[place])
        if self.packets.error[place]:
            return f"ICMP {error_name(int(c.version[frame]), int(c.icmp_type[frame]), int(c.icmp_code[frame]))}"
        return "TCP reset"

    def _findings(self, places: I64) -> tuple[Finding, ...]:
        findings, errors = [], dict[str, list[int]]()
        for place in places[self.packets.error[places]].tolist():
            errors.setdefault(self._how(place), []).append(int(self.packets.frame[place]))
        findings += [Finding(name, len(frames), tuple(frames[:MOST_FRAMES])) for name, frames in errors.items()]
        for kind, which in self._marks.items():
            frames = self.packets.frame[places[which[places]]]
            if len(frames):
                findings.append(Finding(kind, len(frames), tuple(frames[:MOST_FRAMES].tolist())))
        return tuple(findings)

    def worst_first(self) -> I64:
        """The flows in the order for finding a fault: failed ones by state, then those with most findings, then by
        number of packets."""
        trouble = sum(self.findings[kind] for kind in FINDINGS[:1] + FINDINGS[4:]) + np.zeros(len(self.state), np.int64)
        size = np.diff(self.packets.begins)
        rank = np.where(np.isin(self.state, FAILED), self.state, len(STATES))
        return np.lexsort((-size, -trouble, rank))
