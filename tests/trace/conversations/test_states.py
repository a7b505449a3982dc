"""Segments and states of random flows are those that plain Python finds packet by packet."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest

from cnetkit.trace.conversations.exchanges import Exchanges
from cnetkit.trace.conversations.states import STATES, judged
from cnetkit.trace.conversations.tcp import MARKS, segments
from tests.trace.conversations.reference import ACK, FIN, PUSH, RST, SYN, Packet, judge, mark

FLAGS = (SYN, SYN | ACK, ACK, ACK, ACK | PUSH, FIN | ACK, RST, RST | ACK, 0, FIN, FIN | RST)
STEPS = (0, 1, 1_000_000, 1_499_999, 1_500_000, 2_999_999, 3_000_000, 3_000_001, 9_000_000)


def random_flow(choice: random.Random, flow: int) -> list[Packet]:
    """A few packets whose numbers are close to each other, or to where they go round."""
    base, time = choice.choice([0, 1, 77, 2**31 - 2, 2**32 - 3, 2**32 - 1]), choice.randrange(10**9)
    kind = choice.choice(["tcp"] * 6 + ["udp", "mixed"])
    likely = choice.choice([choice.sample(FLAGS, choice.randrange(1, 5)), [ACK, ACK, ACK | PUSH]])
    opening = [(SYN, False), (SYN, False), (SYN | ACK, True), (ACK, False)] * (kind != "udp" and choice.random() < 0.5)
    opening = opening[choice.choice([0, 1, 1, 1, 2]) :]
    packets = []
    for place in range(len(opening) + choice.choice([1, 2, 3, 4, 6, 9, 14])):
        time += choice.choice(STEPS)
        other = kind == "udp" or (kind == "mixed" and choice.random() < 0.5)
        packet = Packet(
            flow, time, choice.random() < 0.4, choice.random() < 0.05, choice.choice([17, 1, 0]) if other else 6,
            choice.choice(likely), (base + choice.choice([0, 0, 1, 1, 2, 3, 4, 6])) % 2**32, choice.choice([5, 5, 6]),
            choice.choice([0, 0, 1, 1, 2, 3]), choice.choice([0, 0, 0, 1]), choice.choice([0, 7, 7, 9]),
            choice.choice([53, 67, 68, 123, 161, 500, 547, 5353, 5355, 80]), choice.random() < 0.2, choice.choice([4, 0]),
            *((choice.random() < chance) * other for chance in (0.4, 0.6, 0.2)),
        )  # fmt: skip
        if place < len(opening) and choice.random() < 0.95:
            flags, answer = opening[place]
            packet = Packet(flow, time, answer, flags=flags, seq=base)
        packets.append(packet)
    return packets


def columns(packets: list[Packet]) -> tuple[SimpleNamespace, Exchanges, SimpleNamespace]:
    """The same packets as the engine has them. Frames are numbered backwards, so that a place is no frame's number."""
    frame = np.arange(len(packets))[::-1].astype(np.int64)

    def column(name: str, width: type) -> np.ndarray:
        values = np.zeros(len(packets), width)
        values[frame] = [getattr(packet, name) for packet in packets]
        return values

    kinds = {"protocol": np.uint8, "flags": np.uint16, "seq": np.uint32, "ack": np.uint32, "cut": np.int32, "window": np.uint16,
             "dport": np.uint16, "version": np.uint8}  # fmt: skip
    c = SimpleNamespace(**{name: column(name, width) for name, width in kinds.items()})
    c.payload_length = column("payload", np.int32)
    c.eth_dst = column("group", np.uint64) << np.uint64(40) | np.uint64(2)
    joined = SimpleNamespace(columns=c, clocks=SimpleNamespace(time=column("time", np.int64)))
    flow = np.array([packet.flow for packet in packets], np.int64)
    begins = np.searchsorted(flow, np.arange(packets[-1].flow + 2)).astype(np.int64)
    flags = {name: np.array([getattr(packet, name) for packet in packets], np.bool_)
             for name in ("answer", "error", "asked", "unanswered", "announcing")}  # fmt: skip
    exchanges = Exchanges(frame, flow, begins, flags["answer"], flags["error"])
    return joined, exchanges, SimpleNamespace(**flags)


@pytest.fixture(scope="module")
def recordings() -> list[list[Packet]]:
    """Many small recordings of a few flows each."""
    choice, result = random.Random(1), []
    for _ in range(900):
        flows = sorted(choice.sample(range(6), choice.choice([1, 1, 2, 5])))
        packets = [packet for flow in flows for packet in random_flow(choice, flow)]
        mark(packets)
        result.append(packets)
    return result


def test_each_segment_is_marked_as_packet_by_packet(recordings):
    for packets in recordings:
        joined, exchanges, _ = columns(packets)
        result = segments(joined, exchanges)
        assert result.connection.tolist() == [packet.connection for packet in packets]
        marks = {name: getattr(result, name).tolist() for name in MARKS}
        assert [{name for name in MARKS if marks[name][at]} for at in range(len(packets))] == [
            item.marks for item in packets
        ]
    assert {name for packets in recordings for packet in packets for name in packet.marks} == set(MARKS)


def test_each_flow_has_the_state_that_its_packets_show(recordings):
    counted = set()
    for packets in recordings:
        joined, exchanges, questions = columns(packets)
        states = judged(joined, exchanges, segments(joined, exchanges), questions)
        assert len(states.state) == packets[-1].flow + 1
        for flow in range(len(states.state)):
            begin, end = exchanges.begins[flow : flow + 2].tolist()
            state, ended, *numbers = judge(packets[begin:end]) if begin < end else ("one-way", -1, -1, 0, 0, 0, 0)
            counted.add(state)
            own = [int(getattr(states, name)[flow]) for name in ("opened", "tries", "tried", "round_trip", "lasted")]
            result = STATES[states.state[flow]], int(states.ended[flow]) - begin if states.ended[flow] >= 0 else -1, own
            assert result == (state, ended, numbers), packets[begin:end]
    assert counted == set(STATES)
