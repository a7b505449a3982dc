"""Conversations in words: the problems of a trace, worst first, and one line for each flow.

Frames are named by Wireshark's `frame.number`, which counts from 1. Text from packets is made safe to show.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnetkit.trace.conversations.conversation import FAILED, STATES, Conversation
from cnetkit.trace.conversations.payloads import Topic
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
}
TELLING = ("retransmitted", "gap", "zero window")
"""Findings that put a conversation among the problems; the others occur in healthy ones, too."""


def troubles(trace: Trace) -> Iterator[str]:
    """The problems, one line each, worst first; nothing for a healthy trace."""
    conversations = trace.conversations
    named = 0
    for conversation in conversations:
        telling = sum(int(conversations.columns.findings[kind][conversation.flow]) for kind in TELLING)
        errors = any(finding.kind.startswith("ICMP ") for finding in conversation.findings)
        unanswered = [
            topic for topic in conversations.topics(conversation.flow) if not topic.answered and named < MOST_TROUBLES
        ]
        if conversation.state not in BAD and not telling and not errors and not unanswered:
            break
        named += 1
        if named <= MOST_TROUBLES:
            title = f"{_begin(trace, conversation)} {legible(_title(trace, conversation))}"
            yield f"! {title}: {'; '.join(sentences(trace, conversation))}"
    if named > MOST_TROUBLES:
        yield f"! and {counted(named - MOST_TROUBLES, 'more conversation')} with such faults: see trace.conversations.table"


def sentences(trace: Trace, conversation: Conversation) -> Iterator[str]:
    """How one conversation went, what is wrong first: its state, its findings, what it was about, how much was sent."""
    findings = [_finding(finding.kind, finding.count, finding.frames) for finding in conversation.findings
                if finding.kind != conversation.ended_how]  # fmt: skip
    state = [_state(conversation)]
    yield from state + findings if conversation.state in BAD else findings + state
    yield from (_topic(topic) for topic in trace.conversations.topics(conversation.flow)[:MOST_TOPICS])
    if conversation.sent[1] or conversation.received[1]:
        yield f"{conversation.sent[1]:,} octets sent, {conversation.received[1]:,} received"


def _begin(trace: Trace, conversation: Conversation) -> str:
    """Where to go on in Wireshark: the first frame, and its time since the capture's first."""
    since = (conversation.begin_ns - int(trace.analysis.joined.clocks.time.min())) / 1e9
    return f"{frame_number(conversation.first)} at {since:.6f} s,"


def _title(trace: Trace, conversation: Conversation) -> str:
    begin = trace.journey(int(trace.analysis.journeys.flow_begins[conversation.flow])).packet
    around = encapsulation(trace.analysis.joined.columns, conversation.first)
    inside = "" if around == "none" else f" in {around}"
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
                f" after {conversation.tries} tries in {lasted(conversation.duration_ns)}"
                if conversation.tries > 1
                else ""
            )
            return f"unanswered{tries}"
        case "reset":
            return f"reset by {conversation.ended_from} after {lasted(conversation.duration_ns)} ({by})"
        case "stalled":
            return "opened, then one end sent again and again and nothing came back"
        case "one-way":
            return f"{counted(conversation.sent[0], 'packet')} one way, none came back"
        case "announced":
            return f"sent to a group: {counted(conversation.sent[0], 'packet')}"
        case "closed":
            return (
                f"answered in {lasted(conversation.round_trip_ns)}, closed by both ends"
                if conversation.round_trip_ns
                else "closed by both ends"
            )
    return f"answered in {lasted(conversation.round_trip_ns)}" if conversation.round_trip_ns else "answered"


def _finding(kind: str, count: int, frames: tuple[int, ...]) -> str:
    more = ", ..." if count > len(frames) else ""
    numbers = ", ".join(f"{number + 1}" for number in frames)
    what = NOUNS.get(kind, (f"time {kind}", f"times {kind}"))[count > 1]
    return f"{count} {what} (frame.number {numbers}{more})"


def _topic(topic: Topic) -> str:
    asked = legible(topic.question)
    if not topic.answered:
        return f"{topic.protocol} {asked}: unanswered" + (f" after {topic.tries} tries" if topic.tries > 1 else "")
    answer = f": {legible(topic.answer)}" if topic.answer else ""
    return f"{topic.protocol} {asked}{answer} in {lasted(topic.waited_ns)}"


def lasted(nanoseconds: int) -> str:
    """`12 µs`, `1.8 ms`, `7.0 s`."""
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1000:.0f} µs"
    return f"{nanoseconds / 1e6:.1f} ms" if nanoseconds < 1_000_000_000 else f"{nanoseconds / 1e9:.1f} s"
