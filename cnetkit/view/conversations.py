"""Conversations in words: the problems of a trace, worst first, and one line for each flow.

Frames are named by Wireshark's `frame.number`, which counts from 1. Text from packets is made safe to show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cnetkit.trace.conversations.conversation import Conversation, Finding
from cnetkit.trace.conversations.payloads import Topic
from cnetkit.trace.conversations.states import FAILED, STATES
from cnetkit.trace.packets.packet import encapsulation, frame_number
from cnetkit.trace.trace import Trace
from cnetkit.view.wording import counted, legible

MOST_TROUBLES = 8
"""The most conversations that the summary names; the rest are counted."""
MOST_TOPICS = 3
BAD = tuple(STATES[number] for number in FAILED)
NOUNS = {
    "retransmitted": ("segment sent again (retransmitted)", "segments sent again (retransmitted)"),
    "out of order": ("segment out of order", "segments out of order"),
    "gap": ("gap before a segment", "gaps before a segment"),
    "repeated acknowledgement": (
        "repeated acknowledgement (duplicate ACK)",
        "repeated acknowledgements (duplicate ACKs)",
    ),
    "zero window": (
        "time a zero window (the receiver's buffer was full)",
        "times a zero window (the receiver's buffer was full)",
    ),
    "keep-alive": ("keep-alive", "keep-alives"),
    "port reused": (
        "connection from a port that was used before (port reused)",
        "connections from a port that was used before (port reused)",
    ),
    "unanswered": ("request without an answer", "requests without an answer"),
    "error answer": ("error answer", "error answers"),
    "TLS alert": ("fatal TLS alert", "fatal TLS alerts"),
    "slow answer": ("slow answer", "slow answers"),
    "duplicate address": ("packet from a duplicate address", "packets from a duplicate address"),
}


def troubles(trace: Trace) -> Iterator[str]:
    """The problems, one line each, worst first; nothing for a healthy trace."""
    conversations, troubled = trace.conversations, trace.conversations.troubled
    for flow in troubled[:MOST_TROUBLES].tolist():
        conversation = conversations.of_flow(flow)
        title = f"{_begin(trace, conversation)} {legible(_title(trace, conversation))}"
        yield f"! {title}: {'; '.join(sentences(trace, conversation))}"
    left = troubled[MOST_TROUBLES:]
    if len(left):
        states = Counter(
            STATES[state] if state in FAILED else "with findings"
            for state in conversations.columns.state[left].tolist()
        )
        listed = ", ".join(f"{count:,} {state}" for state, count in states.items())
        yield f"! and {counted(len(left), 'more conversation')} with faults ({listed}): see trace.conversations.table"


def sentences(trace: Trace, conversation: Conversation) -> Iterator[str]:
    """How one conversation went, what is wrong first: its state, its findings, what it was about, how much was sent."""
    findings = [_finding(finding) for finding in conversation.findings
                if finding.kind != conversation.ended_how]  # fmt: skip
    state = [_state(conversation)]
    yield from state + findings if conversation.state in BAD else findings + state
    topics = sorted(trace.conversations.topics(conversation.flow), key=lambda topic: not topic.failed)
    yield from (_topic(topic, conversation.state) for topic in topics[:MOST_TOPICS])
    if conversation.sent[1] or conversation.received[1]:
        yield f"{conversation.sent[1]:,} octets sent, {conversation.received[1]:,} received"


def _begin(trace: Trace, conversation: Conversation) -> str:
    """Where to go on in Wireshark: the first frame, and its time since the capture's first."""
    since = (conversation.begin_ns - int(trace.analysis.joined.clocks.time.min())) / 1e9
    return f"{frame_number(conversation.first)} at {since:.6f} s,"


def _title(trace: Trace, conversation: Conversation) -> str:
    begin = trace.journey(int(trace.analysis.journeys.flow_begins[conversation.flow])).packet
    c = trace.analysis.joined.columns
    around, vlan = encapsulation(c, conversation.first), int(c.vlan[conversation.first]) & 0xFFF
    inside = f" in {around}" if around != "none" else f" in vlan {vlan}" if vlan else ""
    return f"{trace.analysis.flow_protocol(conversation.flow)} {begin.source} → {begin.destination}{inside}"


def _state(conversation: Conversation) -> str:
    after = f" {lasted(conversation.round_trip_ns)} after it was asked" if conversation.round_trip_ns else ""
    by = frame_number(conversation.ended_by)
    match conversation.state:
        case "refused":
            return f"refused: {conversation.ended_from} reset the SYN{after} ({by})"
        case "rejected":
            return f"{conversation.ended_from} sent {conversation.ended_how} ({by})"
        case "unanswered":
            tries = (
                f" after {conversation.tries} tries in {lasted(conversation.tried_ns)}"
                if conversation.tries > 1
                else ""
            )
            return f"unanswered{tries}"
        case "reset":
            return f"reset by {conversation.ended_from} after {lasted(conversation.lasted_ns)} ({by})"
        case "stalled":
            return "opened, then one end sent again and again and nothing came back"
        case "one-sided":
            return f"only what {conversation.ended_from} sent was captured"
        case "one-way":
            return f"{counted(conversation.sent[0], 'packet')} one way, none came back"
        case "announced":
            return f"announced, which needs no answer: {counted(conversation.sent[0], 'packet')}"
        case "half-closed":
            return f"{_answered(conversation)}; {conversation.ended_from} closed its half ({by}), the other end was not seen to"
        case "closed":
            return (
                f"{_answered(conversation)}, closed by both ends"
                if conversation.round_trip_ns
                else "closed by both ends"
            )
    return _answered(conversation)


def _answered(conversation: Conversation) -> str:
    return f"answered in {lasted(conversation.round_trip_ns)}" if conversation.round_trip_ns else "answered"


def _finding(finding: Finding) -> str:
    more = ", ..." if finding.count > len(finding.frames) else ""
    numbers = ", ".join(f"{number + 1}" for number in finding.frames)
    what = NOUNS.get(finding.kind, (f"time {finding.kind}", f"times {finding.kind}"))[finding.count > 1]
    about = f": {finding.about}" if finding.about else ""
    return f"{finding.count} {what} (frame.number {numbers}{more}){about}"


def _topic(topic: Topic, state: str) -> str:
    asked = f"{topic.protocol} {legible(topic.question)}"
    if not topic.answered:
        if state == "announced":
            return asked  # a group need not answer
        return f"{asked}: unanswered" + (f" after {topic.tries} tries" if topic.tries > 1 else "")
    answer = f": {legible(topic.answer)}" if topic.answer else ""
    return f"{asked}{answer} in {lasted(topic.waited_ns)}" if topic.waited_ns else f"{asked}{answer}"


def lasted(nanoseconds: int) -> str:
    """`12 µs`, `1.8 ms`, `7.0 s`."""
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1000:.0f} µs"
    return f"{nanoseconds / 1e6:.1f} ms" if nanoseconds < 1_000_000_000 else f"{nanoseconds / 1e9:.1f} s"
