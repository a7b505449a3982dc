"""How the exchange of each flow went, as one of a few states, and the numbers behind it. On columns.

A flow whose port was used again is several connections: each is judged, and the worst gives the flow its state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.protocols import TCP, UDP
from cnetkit.trace.conversations.exchanges import ACK, FIN, GROUP_BIT, RST, SYN, Exchanges, Flags, changes
from cnetkit.trace.conversations.questions import Questions
from cnetkit.trace.conversations.tcp import Segments
from cnetkit.trace.steps.joined import Joined

I64 = NDArray[np.int64]

STATES = ("refused", "rejected", "unanswered", "reset", "stalled", "one-sided", "one-way", "half-closed", "answered", "closed",
          "announced")  # fmt: skip
"""The worst first. refused: a TCP reset answered the SYN. rejected: only an ICMP error did. stalled: TCP opened, then
one end sent data or keep-alives repeatedly and nothing came back. one-sided: only one end's segments were captured, and they
show that the other end sent some. one-way: packets that need no answer, and got none. half-closed: one end closed, the other did
not. announced: to a group, or of a host's own address."""
REFUSED, REJECTED, UNANSWERED, RESET, STALLED, ONE_SIDED, ONE_WAY, HALF_CLOSED, ANSWERED, CLOSED, ANNOUNCED = range(
    len(STATES)
)
FAILED = (REFUSED, REJECTED, UNANSWERED, RESET, STALLED)
REQUESTS = (53, 67, 123, 161, 500, 547, 5353, 5355)
"""UDP ports of protocols in which a question has an answer."""


@dataclass(frozen=True, slots=True)
class States:
    """One element per flow; places are indexes into Exchanges, -1 for none. Times in nanoseconds."""

    state: NDArray[np.uint8]
    """An index into STATES."""
    ended: I64
    """The packet that refused, rejected, reset or half-closed it."""
    opened: NDArray[np.int8]
    """Whether TCP's handshake succeeded: 1 or 0; -1 without a SYN."""
    tries: I64
    """How often the client sent its first packet."""
    tried: I64
    """From the first to the last of these."""
    round_trip: I64
    """From the last of them to the first answer, or 0."""
    lasted: I64
    """From the first packet of the connection that was judged to the one that ended it, or to its last."""


def judged(joined: Joined, packets: Exchanges, segments: Segments, questions: Questions) -> States:
    """The state of each flow."""
    new = changes(packets.flow, segments.connection)
    begins = np.append(np.flatnonzero(new), len(new))
    parts = Exchanges(packets.frame, np.cumsum(new) - 1, begins, packets.answer, packets.error)
    connections = _Connections(joined, parts, segments, questions)
    state, ended = connections.states()
    opened, tries, tried, round_trip = connections.opening()
    time = joined.clocks.time[parts.frame]
    lasted = time[np.where(ended >= 0, ended, begins[1:] - 1)] - time[begins[:-1]]
    flows = len(packets.begins) - 1
    owner = packets.flow[begins[:-1]]
    order = np.lexsort((np.arange(len(owner)), state, owner))
    worst = order[changes(owner[order])]
    every = States(np.full(flows, ONE_WAY, np.uint8), np.full(flows, -1), np.full(flows, -1, np.int8),
                   *(np.zeros(flows, np.int64) for _ in range(4)))  # fmt: skip
    values = (state, ended, opened, tries, tried, round_trip, lasted)
    for column, value in zip((getattr(every, name) for name in States.__slots__), values, strict=True):
        column[owner[worst]] = value[worst]
    return every


class _Connections:
    """Judges connections: the `flow` of its `packets` is the number of a connection."""

    def __init__(self, joined: Joined, packets: Exchanges, segments: Segments, questions: Questions) -> None:
        self._c, self._p, self._segments, self._questions = joined.columns, packets, segments, questions
        rows, c = packets.frame, joined.columns
        self._time = joined.clocks.time[rows]
        self._tcp = (c.protocol[rows] == TCP) & ~packets.error
        self._flags = np.where(self._tcp, c.flags[rows], 0).astype(np.int64)

    def _with(self, mask: int, value: int) -> Flags:
        which: Flags = self._tcp & (self._flags & mask == value)
        return which

    def states(self) -> tuple[NDArray[np.uint8], I64]:
        """The state of each, and the packet that ended it, or -1."""
        p, q, count, first = self._p, self._questions, self._p.count, self._p.first
        errors, answers = count(p.error), count(p.answer)
        accepted, opening = count(self._with(SYN | ACK, SYN | ACK)) > 0, count(self._with(SYN | ACK, SYN)) > 0
        reset, error = first(self._with(RST, RST)), first(p.error)
        fins = [first(self._with(FIN, FIN) & side) for side in (p.answer, ~p.answer)]
        finished, half = (fins[0] >= 0) & (fins[1] >= 0), (fins[0] >= 0) ^ (fins[1] >= 0)
        refused = opening & ~accepted & (reset >= 0) & p.answer[np.maximum(reset, 0)] if len(p.frame) else opening
        late = finished & (fins[0] < reset) & (fins[1] < reset)  # a quick close
        single = (errors == 0) & self._single(answers)
        expects = self._expects()
        asked, unanswered = count(q.asked) > 0, count(q.asked & ~q.unanswered) == 0
        none, announced = answers == 0, self._to_group() | (count(q.announcing) > 0)
        state = np.select(
            [refused, (errors > 0) & none, none & opening & ~single, (reset >= 0) & ~late, single,
             accepted & self._silence() & ~finished, finished, half, asked & unanswered & none, asked & none,
             announced & none, ~none, expects],
            [REFUSED, REJECTED, UNANSWERED, RESET, ONE_SIDED, STALLED, CLOSED, HALF_CLOSED, UNANSWERED, ANSWERED,
             ANNOUNCED, ANSWERED, UNANSWERED], ONE_WAY,
        ).astype(np.uint8)  # fmt: skip
        ended = np.select([np.isin(state, (REFUSED, RESET)), state == REJECTED, state == HALF_CLOSED],
                          [reset, error, np.maximum(*fins)], -1)  # fmt: skip
        return state, ended

    def _single(self, answers: I64) -> Flags:
        """Segments of one end only, which acknowledge what the other end sent."""
        both = (answers > 0) & (self._p.count(~self._p.answer) > 0)
        return ~both & (self._p.count(self._with(ACK | RST, ACK)) > 0)

    def _first_frame(self) -> I64:
        return self._p.frame[self._p.begins[:-1]]

    def _to_group(self) -> Flags:
        frame = self._first_frame()
        group: Flags = (self._c.eth_dst[frame] & GROUP_BIT != 0) & (self._c.version[frame] != 0)
        return group

    def _expects(self) -> Flags:
        frame = self._first_frame()
        expects: Flags = (self._c.protocol[frame] == UDP) & np.isin(self._c.dport[frame], REQUESTS)
        return expects

    def _silence(self) -> Flags:
        """Whether one end sent two or more packets with data, or keep-alives, after the last packet of the other."""
        p, c, rows = self._p, self._c, self._p.frame
        sent = ((c.payload_length[rows] + c.cut[rows] > 0) | self._segments.keep_alive) & ~p.error
        place, silent = np.arange(len(rows)), np.zeros(len(p.begins) - 1, np.bool_)
        for side in (p.answer, ~p.answer & ~p.error):
            last = np.full(len(silent), -1, np.int64)
            last[p.flow[~side & ~p.error]] = place[~side & ~p.error]  # the last one written stays
            silent |= p.count(side & sent & (place > last[p.flow])) > 1
        return silent

    def opening(self) -> tuple[NDArray[np.int8], I64, I64, I64]:
        """Whether it opened, how often the client tried, for how long, and how soon the answer came."""
        p, time = self._p, self._time
        syn = self._with(SYN | ACK, SYN)
        opening = p.count(syn) > 0
        opened = np.where(opening, p.count(self._with(SYN | ACK, SYN | ACK)) > 0, -1).astype(np.int8)
        came, place = p.first(p.answer), np.arange(len(p.frame))
        tries = np.where(opening[p.flow], syn, ~p.answer & ~p.error)
        tries &= (came < 0)[p.flow] | (place < came[p.flow])
        first, last = p.first(tries), np.full(len(opening), -1)
        last[p.flow[tries]] = place[tries]  # the last one written stays
        tried = np.where(first >= 0, time[np.maximum(last, 0)] - time[np.maximum(first, 0)], 0) if len(time) else first
        answered = (came >= 0) & (last >= 0)
        waited = time[np.maximum(came, 0)] - time[np.maximum(last, 0)] if len(time) else first
        return opened, p.count(tries), tried, np.where(answered, waited, 0)
