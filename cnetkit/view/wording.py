"""The words that all views share: outcomes, directions, times, the summary. And text from packets made safe to look at.

What is returned may still hold markup: each view escapes for its own medium.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

from cnetkit.model import Hop, Outcome
from cnetkit.view.traced import Trace

MARKS = {"delivered": "✓", "consumed": "●", "dropped": "✕", "lost-from-sight": "?", "ambiguous": "≈"}
ARROWS = {"in": "→ in", "out": "← out", "unknown": "· unknown"}
"""Seen from the node: in, into it."""


def legible(text: str) -> str:
    """`text` on one line, with each control, format or broken character shown as text: `\\x1b` becomes `␛`."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _shown(letter) for letter in text)


def _shown(letter: str) -> str:
    code = ord(letter)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return letter if unicodedata.category(letter) == "Zs" else f"\\u{{{code:x}}}"


def ending(outcome: Outcome) -> str:
    """`✕ dropped after dock/eth0: reason`."""
    place = {"dropped": "after", "lost-from-sight": "after"}.get(outcome.kind, "at")
    reason = f": {outcome.reason}" if outcome.reason else ""
    return legible(f"{MARKS[outcome.kind]} {outcome.kind} {place} {outcome.where}{reason}")


def elapsed(hop: Hop, times: dict[int, int]) -> str:
    """How long after its parent a hop was seen: `+12.3 µs`. `times` holds the time of each frame of the journey."""
    if hop.parent is None or hop.parent not in times:
        return ""
    return f"{(hop.time_ns - times[hop.parent]) / 1000:+,.1f} µs"


def changes(hop: Hop) -> list[str]:
    """`ip.dst 203.0.113.1 → 172.17.0.2`, one for each change."""
    return [legible(f"{one.field} {one.before} → {one.after}") for one in hop.changes]


def evidence(hop: Hop | Outcome) -> list[str]:
    """`nft-rule “tcp dport 8080 ...” (ip nat PREROUTING handle 5; kernel)`, one for each piece."""
    return [legible(f"{one.kind} “{one.quote}” ({one.source}; {one.strength})") for one in hop.evidence]


def summary(trace: Trace) -> Iterator[str]:
    """The lines that every view shows first: counts, outcomes, what is unexplained and why, losses, warnings."""
    recording = trace.recording
    name = f"{legible(recording.name)}: " if recording.name else ""
    yield (
        f"{name}{_counted(len(recording.frames), 'frame')}, {_counted(len(trace.journeys), 'journey')}, "
        f"{_counted(len(trace.flows), 'flow')}"
    )
    if recording.replayed:
        yield f"Replayed, not live: {legible(recording.replayed)}"
    outcomes = Counter(journey.outcome.kind for journey in trace.journeys)
    if outcomes:
        yield "Outcomes: " + ", ".join(f"{MARKS[kind]} {count:,} {kind}" for kind, count in outcomes.most_common())
    reasons = Counter(one.reason for one in trace.unexplained)
    listed = ", ".join(f"{count:,} {legible(reason)}" for reason, count in reasons.most_common())
    yield f"Unexplained: {_counted(reasons.total(), 'frame')}" + (f" ({listed})" if listed else "")
    lost = ", ".join(
        f"{one.count:,} {legible(one.what)} at {legible(one.node)}" for one in recording.losses if one.count
    )
    yield f"Lost: {lost or 'nothing'}"
    yield from (f"Not read: {legible(warning)}" for warning in recording.warnings)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
