"""What is said of TCP segments and of a flow's state, packet by packet in plain Python: the judge of the columns' arithmetic.

Written from Wireshark's definitions (packet-tcp.c, tcp_analyze_sequence_number) and from the meaning of STATES.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16
USUAL_NS = 3_000_000
QUESTION_PORTS = (53, 67, 123, 161, 500, 547, 5353, 5355)
WORST_FIRST = ("refused", "rejected", "unanswered", "reset", "stalled", "one-sided", "one-way", "half-closed", "answered",
               "closed", "announced")  # fmt: skip


@dataclass
class Packet:
    """One packet of a flow, and what is said of it."""

    flow: int
    time: int
    answer: bool = False
    error: bool = False
    protocol: int = 6
    flags: int = 0
    seq: int = 0
    ack: int = 0
    payload: int = 0
    cut: int = 0
    window: int = 7
    dport: int = 80
    group: bool = False
    version: int = 4
    asked: bool = False
    unanswered: bool = False
    announcing: bool = False
    connection: int = 0
    marks: set[str] = field(default_factory=set)

    @property
    def tcp(self) -> bool:
        return self.protocol == 6 and not self.error

    @property
    def bits(self) -> int:
        return self.flags if self.tcp else 0

    @property
    def size(self) -> int:
        return self.payload + self.cut + bool(self.bits & SYN) + bool(self.bits & FIN)

    @property
    def asks_to_open(self) -> bool:
        return self.bits & (SYN | ACK) == SYN


def by(packets: Iterable[Packet], key: Callable[[Packet], Any]) -> list[list[Packet]]:
    groups: dict[Any, list[Packet]] = defaultdict(list)
    for packet in packets:
        groups[key(packet)].append(packet)
    return [groups[name] for name in sorted(groups)]


def first(packets: Sequence[Packet], wanted: Callable[[Packet], Any]) -> int:
    """The place of the first packet that is wanted, or -1."""
    return next((place for place, packet in enumerate(packets) if wanted(packet)), -1)


def mark(packets: Sequence[Packet]) -> None:
    """Sets the connections and the marks of all packets."""
    for flow in by(packets, lambda p: p.flow):
        number, opened_by = 0, None
        for packet in flow:
            if packet.asks_to_open and not packet.answer:
                if opened_by not in (None, packet.seq):
                    number += 1
                    packet.marks.add("port_reused")
                opened_by = packet.seq
            packet.connection = number
        for connection in by(flow, lambda p: p.connection):
            soon = round_trip(connection)
            for side in by([p for p in connection if p.tcp], lambda p: p.answer):
                _mark_side(side, soon)
        for before, packet in pairwise(flow):
            if "keep_alive" in before.marks:
                packet.marks.discard("repeated_ack")


def round_trip(packets: Sequence[Packet]) -> int:
    accepted = first(packets, lambda p: p.answer and p.bits & SYN and p.bits & ACK)
    if accepted < 0:
        return USUAL_NS
    third = first(packets[accepted + 1 :], lambda p: not p.answer and p.bits & (SYN | ACK) == ACK)
    if third < 0:
        return USUAL_NS
    third += accepted + 1
    asked = [p for p in packets[:third] if p.asks_to_open and not p.answer]
    return packets[third].time - asked[-1].time if asked else USUAL_NS


def _mark_side(side: Sequence[Packet], soon: int) -> None:
    reached, position, newest = None, 0, side[0].time
    ranges, gaps = set(), []
    for place, packet in enumerate(side):
        previous = side[place - 1] if place else None
        if previous is not None:
            position += (packet.seq - previous.seq + (1 << 31)) % (1 << 32) - (1 << 31)
        begin, end, reset = position, position + packet.size, bool(packet.bits & RST)
        plain = not packet.bits & (SYN | FIN | RST)
        data = packet.payload + packet.cut
        new_data = packet.size > 0 if previous is None or reached is None else end > reached
        if new_data:
            newest = packet.time
        probe = reached is not None and plain and data <= 1 and begin == reached - 1
        if probe:
            packet.marks.add("keep_alive")
        if reached is not None and not reset:
            if begin > reached:
                packet.marks.add("gap")
                gaps.append((reached, begin))
            if packet.size and begin < reached and not probe:
                again = (begin, packet.size) in ranges or packet.time - newest >= soon
                overtaken = not again and any(low <= begin and end <= high for low, high in gaps)
                packet.marks.add("out_of_order" if overtaken else "retransmitted")
        bare = plain and not data and packet.bits & ACK and not probe
        same = previous is not None and (packet.ack, packet.window) == (previous.ack, previous.window)
        if bare and same and packet.window and begin == reached:
            packet.marks.add("repeated_ack")
        if plain and packet.bits & ACK and not packet.window:
            packet.marks.add("zero_window")
        if packet.size:
            ranges.add((begin, packet.size))
        if not reset:
            reached = end if reached is None else max(reached, end)


def judge(flow: Sequence[Packet]) -> tuple[Any, ...]:
    """(state, place of what ended it, opened, tries, tried, round trip, lasted) of a flow: those of its worst connection."""
    results, place = [], 0
    for connection in by(flow, lambda p: p.connection):
        state, ended, *rest = _judge_connection(connection)
        results.append((WORST_FIRST.index(state), state, ended + place if ended >= 0 else -1, *rest))
        place += len(connection)
    return min(results, key=lambda result: result[0])[1:]


def _judge_connection(packets: Sequence[Packet]) -> tuple[Any, ...]:
    state, ended = _state(packets)
    lasted = packets[ended].time - packets[0].time
    opening = any(p.asks_to_open for p in packets)
    opened = (first(packets, lambda p: p.bits & SYN and p.bits & ACK) >= 0) * 1 if opening else -1
    came = first(packets, lambda p: p.answer)
    before = packets[:came] if came >= 0 else packets
    tries = [p for p in before if (p.asks_to_open if opening else not p.answer and not p.error)]
    tried = tries[-1].time - tries[0].time if tries else 0
    waited = packets[came].time - tries[-1].time if tries and came >= 0 else 0
    return state, ended, opened, len(tries), tried, waited, lasted


def _state(packets: Sequence[Packet]) -> tuple[str, int]:
    reset = first(packets, lambda p: p.bits & RST)
    error = first(packets, lambda p: p.error)
    theirs, ours = (first(packets, lambda p, side=side: p.bits & FIN and p.answer == side) for side in (True, False))
    opening = any(p.asks_to_open for p in packets)
    accepted = any(p.bits & SYN and p.bits & ACK for p in packets)
    answered, asking = any(p.answer for p in packets), any(not p.answer for p in packets)
    acknowledging = any(p.bits & ACK and not p.bits & RST for p in packets)
    single = error < 0 and not (answered and asking) and acknowledging
    finished = min(theirs, ours) >= 0
    asked = [p for p in packets if p.asked]
    if opening and not accepted and reset >= 0 and packets[reset].answer:
        return "refused", reset
    if error >= 0 and not answered:
        return "rejected", error
    if opening and not answered and not single:
        return "unanswered", -1
    if reset >= 0 and not (finished and max(theirs, ours) < reset):
        return "reset", reset
    if single:
        return "one-sided", -1
    if accepted and not finished and _silent(packets):
        return "stalled", -1
    if finished:
        return "closed", -1
    if max(theirs, ours) >= 0:
        return "half-closed", max(theirs, ours)
    if answered:
        return "answered", -1
    if asked:
        return "unanswered" if all(p.unanswered for p in asked) else "answered", -1
    if (packets[0].group and packets[0].version) or any(p.announcing for p in packets):
        return "announced", -1
    return "unanswered" if packets[0].protocol == 17 and packets[0].dport in QUESTION_PORTS else "one-way", -1


def _silent(packets: Sequence[Packet]) -> bool:
    """Whether one end sent two packets with data, or keep-alives, after the last packet of the other."""
    for side in (True, False):
        count = 0
        for packet in packets:
            if packet.error:
                continue
            if packet.answer != side:
                count = 0
            elif packet.payload + packet.cut or "keep_alive" in packet.marks:
                count += 1
        if count > 1:
            return True
    return False
