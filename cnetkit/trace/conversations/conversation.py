"""Conversations: how the exchange of each flow went, judged from its frames alone.

Everything is computed for all flows at once, on columns; a Conversation object is made on access. What was asked by
name (DNS, TLS, HTTP, ARP) is in payloads.py. The reasons for it are in causes/.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.digests import mix
from cnetkit.trace.arrays.distinct import Distinct, distinct
from cnetkit.trace.conversations.exchanges import Flags, exchanges
from cnetkit.trace.conversations.questions import questions
from cnetkit.trace.conversations.states import FAILED, STATES, judged
from cnetkit.trace.conversations.tcp import segments
from cnetkit.trace.packets.packet import address, error_name, mac, packet_of
from cnetkit.trace.steps.joined import Joined

I64 = NDArray[np.int64]

SEGMENTS = (
    "retransmitted",
    "out of order",
    "gap",
    "repeated acknowledgement",
    "zero window",
    "keep-alive",
    "port reused",
)
ANSWERS = ("unanswered", "error answer", "TLS alert", "slow answer", "duplicate address")
FINDINGS = SEGMENTS + ANSWERS
TELLING = ("retransmitted", "gap", "zero window", *ANSWERS)
"""Findings that are problems; the others occur in healthy conversations, too."""
MOST_FRAMES = 8
"""The most frame numbers that are kept for each finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about some packets of a conversation, mostly a problem."""

    kind: str
    """One of FINDINGS, or the name of an ICMP error."""
    count: int
    frames: tuple[int, ...]
    """The first of them."""
    about: str = ""
    """Of a duplicate address: the address, and the MAC addresses of the first two who claim it."""


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
    tried_ns: int
    """From the first to the last of these."""
    sent: tuple[int, int]
    """Packets and payload octets from the client."""
    received: tuple[int, int]
    """Packets and payload octets to the client."""
    begin_ns: int
    duration_ns: int
    lasted_ns: int
    """How long the connection lasted that `state` is about: less than the duration if its port was used again."""
    round_trip_ns: int
    """From the first question to the first answer; 0 without an answer."""
    first: int
    """Its first frame."""
    ended_by: int
    """The frame that refused, rejected, reset or half-closed it, or -1."""
    ended_how: str
    """`TCP reset`, `FIN` or the name of the ICMP error; empty if nothing ended it."""
    ended_from: str
    """The address that sent that frame; if the conversation is one-sided, the address that sent all of them."""
    findings: tuple[Finding, ...]


class ConversationColumns:
    """The conversations of all flows, one element per flow unless stated otherwise."""

    def __init__(self, joined: Joined, tap: NDArray[np.int32], flow: I64, flows: int) -> None:
        """`tap` and `flow` have one element per frame."""
        self._joined = joined
        self.packets = p = exchanges(joined, tap, flow, flows)
        self.segments = s = segments(joined, p)
        self.questions = q = questions(joined, p, tap)
        self.states = judged(joined, p, s, q)
        self.state = self.states.state
        failed = np.isin(self.state, FAILED)
        marks = (s.retransmitted, s.out_of_order, s.gap, s.repeated_ack, s.zero_window, s.keep_alive, s.port_reused,
                 q.unanswered & ~failed[p.flow], q.error, q.alert, q.slow, q.claimed >= 0)  # fmt: skip
        self._marks = dict(zip(FINDINGS, marks, strict=True))
        self.findings = {kind: p.count(which) for kind, which in self._marks.items()}
        """How many packets of each kind."""
        self.errors = p.count(p.error)
        """How many ICMP errors."""
        self.troubled: Flags = failed | (self.errors > 0) | (sum(self.findings[kind] for kind in TELLING) > 0)
        """Whether something is wrong."""

    def _sums(self, which: Flags) -> tuple[I64, I64]:
        """Packets and payload octets."""
        p, c = self.packets, self._joined.columns
        size = c.payload_length[p.frame].astype(np.int64) + c.cut[p.frame]
        return p.count(which), np.bincount(p.flow[which], size[which], len(self.state)).astype(np.int64)

    @cached_property
    def sent(self) -> tuple[I64, I64]:
        """Packets and payload octets from the client."""
        return self._sums(~self.packets.answer & ~self.packets.error)

    @cached_property
    def received(self) -> tuple[I64, I64]:
        """Packets and payload octets to the client."""
        return self._sums(self.packets.answer)

    @cached_property
    def first(self) -> I64:
        """The first frame."""
        return self._of_places(self.packets.begins[:-1], self.packets.frame)

    @cached_property
    def times(self) -> tuple[I64, I64]:
        """When it begins, and how long it lasts."""
        p, time = self.packets, self._joined.clocks.time
        begin, end = (self._of_places(at, time[p.frame]) for at in (p.begins[:-1], p.begins[1:] - 1))
        return begin, end - begin

    def _of_places(self, at: I64, values: NDArray[np.integer]) -> I64:
        if not len(values):
            return np.zeros(len(at), np.int64)
        result: I64 = values[np.clip(at, 0, len(values) - 1)].astype(np.int64)
        return result

    @cached_property
    def ended_by(self) -> I64:
        """The frame that ended it, or -1."""
        ended = self.states.ended
        return np.where(ended >= 0, self._of_places(ended, self.packets.frame), -1)

    @cached_property
    def ended_how(self) -> Distinct[str]:
        """What ended it; see Conversation."""
        c, frame, by = self._joined.columns, np.maximum(self.ended_by, 0), self.ended_by >= 0
        if not by.any():
            return Distinct(np.zeros(len(by), np.int64), [""])
        error = by & self.packets.error[np.maximum(self.states.ended, 0)]
        what = mix(c.version[frame], c.icmp_type[frame], c.icmp_code[frame])
        key = np.select(
            [~by, error, self.state == STATES.index("half-closed")],
            [np.uint64(0), what | np.uint64(3), np.uint64(1)],
            2,
        )
        return distinct(key, lambda flow: self._how(int(self.states.ended[flow])))

    @cached_property
    def ended_from(self) -> Distinct[str]:
        """The address that sent that frame; see Conversation."""
        c, single = self._joined.columns, self.state == STATES.index("one-sided")
        frame = np.where(single, self.first, self.ended_by)
        if not (frame >= 0).any():
            return Distinct(np.zeros(len(frame), np.int64), [""])
        at = np.maximum(frame, 0)
        key = np.where(frame >= 0, mix(c.version[at], c.src_high[at], c.src_low[at]) | np.uint64(1), np.uint64(0))
        return distinct(key, lambda flow: packet_of(c, int(frame[flow])).ends.source if frame[flow] >= 0 else "")

    def worst_first(self) -> I64:
        """The flows in the order for finding a fault: failed ones by state, then those with most problems, then by
        number of packets."""
        trouble = sum(self.findings[kind] for kind in TELLING) + self.errors
        size = np.diff(self.packets.begins)
        rank = np.where(np.isin(self.state, FAILED), self.state, len(STATES))
        return np.lexsort((-size, -trouble, rank))

    # --- A single conversation ----------------------------------------------------------------------------------------

    def conversation(self, flow: int) -> Conversation:
        """The conversation of one flow."""
        s, opened = self.states, int(self.states.opened[flow])
        how, who = (texts.words[texts.code[flow]] for texts in (self.ended_how, self.ended_from))
        (begin, duration), sides = self.times, (self.sent, self.received)
        sent, received = ((int(packets[flow]), int(octets[flow])) for packets, octets in sides)
        return Conversation(
            flow, STATES[int(self.state[flow])], None if opened < 0 else bool(opened), int(s.tries[flow]), int(s.tried[flow]),
            sent, received, int(begin[flow]), int(duration[flow]), int(s.lasted[flow]), int(s.round_trip[flow]),
            int(self.first[flow]), int(self.ended_by[flow]), how, who, self.findings_of(flow),
        )  # fmt: skip

    def _how(self, place: int) -> str:
        if place < 0:
            return ""
        c, frame = self._joined.columns, int(self.packets.frame[place])
        if self.packets.error[place]:
            return f"ICMP {error_name(int(c.version[frame]), int(c.icmp_type[frame]), int(c.icmp_code[frame]))}"
        return "TCP reset" if c.flags[frame] & 4 else "FIN"

    def findings_of(self, flow: int) -> tuple[Finding, ...]:
        """The findings of one flow, ICMP errors first."""
        places = np.arange(self.packets.begins[flow], self.packets.begins[flow + 1])
        findings, errors = [], dict[str, list[int]]()
        for place in places[self.packets.error[places]].tolist():
            errors.setdefault(self._how(place), []).append(int(self.packets.frame[place]))
        findings += [Finding(name, len(frames), tuple(frames[:MOST_FRAMES])) for name, frames in errors.items()]
        for kind, which in self._marks.items():
            marked = places[which[places]]
            if len(marked):
                frames = self.packets.frame[marked[:MOST_FRAMES]]
                about = self._claims(int(marked[0])) if kind == "duplicate address" else ""
                findings.append(Finding(kind, len(marked), tuple(frames.tolist()), about))
        return tuple(findings)

    def _claims(self, place: int) -> str:
        c, data = self._joined.columns, self._joined.units.data
        frames = [int(self.packets.frame[at]) for at in (int(self.questions.claimed[place]), place)]
        begins = [int(c.payload[frame]) + 8 for frame in frames]
        first, second = (mac(int.from_bytes(data[begin : begin + 6].tobytes())) for begin in begins)
        return f"{address(4, 0, int(c.src_low[frames[0]]))} is claimed by {first} and by {second}"
