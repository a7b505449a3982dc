"""Words shared by all views: outcomes, directions, times, changes, evidence. Also makes text from packets safe to
show.

The results may still contain markup characters: each view escapes them for its own medium.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from cnetkit.model import Evidence, Hop, Outcome
from cnetkit.recording.recording import Recording
from cnetkit.trace.journey import Journey
from cnetkit.trace.trace import Trace

MARKS = {
    "delivered": "✓", "arrived": "○", "consumed": "●", "dropped": "✕", "left": "→", "lost-from-sight": "?", "ambiguous": "≈",
}  # fmt: skip
ARROWS = {"in": "→ in", "out": "out →", "unknown": "unknown"}
"""Relative to the node: into it, out of it."""
KINDS = {
    "nft-rule": "rule",
    "legacy-rule": "rule",
    "conntrack": "connection entry",
    "forwarding-entry": "forwarding entry",
}
MACS = "MAC addresses of the next link"
STRENGTHS = "kernel: reported for this packet; table: in a table at that time; inferred: from frames alone"


def legible(text: str) -> str:
    r"""`text` on one line, with each control, format or broken character shown as text: `\x1b` becomes `␛`."""
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


def packet(journey: Journey) -> str:
    """`SYN 203.0.113.2:42876 → 203.0.113.1:8080`."""
    return legible(f"{journey.says} {journey.packet.source} → {journey.packet.destination}")


def ending(outcome: Outcome) -> str:
    """`✕ dropped after dock/eth0: reason`."""
    place = {"dropped": "after", "lost-from-sight": "after"}.get(outcome.kind, "at")
    reason = f": {outcome.reason}" if outcome.reason else ""
    return legible(f"{MARKS[outcome.kind]} {outcome.kind} {place} {outcome.where}{reason}")


def elapsed(hop: Hop, times: dict[int, int]) -> str:
    """The microseconds between a hop and its parent: `+12.3`. `times` contains the time of each frame."""
    if hop.parent is None or hop.parent not in times:
        return ""
    return f"{(hop.moment - times[hop.parent]) / 1000:+,.1f}"


def changes(hop: Hop, whole: bool = False) -> list[str]:
    """`ip.dst 203.0.113.1 → 172.17.0.2`, the hop limit last; both MAC addresses on one line unless `whole`."""
    changed = sorted(hop.changes, key=lambda change: change.field.endswith((".ttl", ".hlim")))
    macs = []
    if not whole and {"eth.src", "eth.dst"} <= {change.field for change in changed}:
        changed = [change for change in changed if change.field not in ("eth.src", "eth.dst")]
        macs = [MACS]
    return [*(legible(f"{change.field} {change.before} → {change.after}") for change in changed), *macs]


def because(item: Evidence) -> str:
    """`rule “tcp dport 8080 ...” (ip nat PREROUTING handle 5; kernel)`."""
    return legible(f"{KINDS.get(item.kind, item.kind)} “{item.quote}” ({item.source}; {item.strength})")


def evidence(hop: Hop | Outcome) -> list[str]:
    """Each piece of evidence in the form of `because`."""
    return [because(item) for item in hop.evidence]


def passing(rules: Sequence[Evidence]) -> str:
    """`and 5 rules that let it pass`, or nothing."""
    return f"and {counted(len(rules), 'rule')} that let it pass" if rules else ""


def same_way(journeys: Sequence[Journey], most: int = 40) -> str:
    """`2 more packets went the same way: #7 ACK, #9 PSH ACK`; at most `most` of them are named."""
    names = ", ".join(f"#{journey.id} {legible(journey.says)}" for journey in journeys[:most])
    more = f" and {len(journeys) - most:,} others" if len(journeys) > most else ""
    return f"{counted(len(journeys), 'more packet')} went the same way: {names}{more}"


def summary(trace: Trace) -> Iterator[str]:
    """The first lines of every view: counts, outcomes, unexplained frames and why, losses, warnings, clocks."""
    recording = trace.recording
    name = f"{legible(recording.name)}: " if recording.name else ""
    yield (
        f"{name}{counted(len(recording.frames), 'frame')}, {counted(len(trace.journeys), 'journey')}, "
        f"{counted(len(trace.flows), 'flow')}"
    )
    if trace.selection:
        yield f"Selected, of these frames: {legible(trace.selection)}"
    if text := origin(trace.recording):
        yield text
    outcomes = Counter(trace.outcomes)
    if outcomes:
        yield "Outcomes: " + ", ".join(f"{MARKS[kind]} {count:,} {kind}" for kind, count in outcomes.most_common())
    reasons = trace.unexplained.reasons
    listed = ", ".join(f"{count:,} {legible(reason)}" for reason, count in reasons.most_common())
    yield f"Unexplained: {counted(reasons.total(), 'frame')}" + (f" ({listed})" if listed else "")
    yield from unsent(trace)
    yield from legacy_rules(trace)
    if not any(frame.count for frame in recording.losses):
        whole = "unknown" if recording.warnings else "nothing"
        yield f"Lost: {whole if recording.kernel else 'not recorded in this file'}"
    yield from alerts(trace)
    yield from (f"Clocks: {legible(frame)}" for frame in trace.clocks)
    if trace.undirected:
        yield (
            f"Directions: unknown for {counted(trace.undirected, 'frame')}, so it is also unknown whether they arrived; "
            "capture with `tcpdump -i any`, or at both ends of a link"
        )


def brief(trace: Trace) -> str:
    """What matters first, on one line: `32 packets · ✓ 30 delivered, ✕ 2 dropped`, and where they were replayed from."""
    outcomes = ", ".join(f"{MARKS[kind]} {count:,} {kind}" for kind, count in trace.outcomes.most_common())
    replay = origin(trace.recording) if trace.recording.replayed else ""
    return " · ".join(filter(None, (counted(len(trace.journeys), "packet"), outcomes, replay)))


def unsent(trace: Trace, most: int = 8) -> Iterator[str]:
    """The packets that nodes wanted to send and did not; equal ones once, each with its reason on a line of its own.

    `Not sent by client: 3 packets, tcp SYN 172.17.0.3 → 172.17.0.2:80, dropped in OUTPUT`.
    """
    groups = Counter[tuple[str, str]]()
    for entry in trace.unsent:
        why = f"because of the {because(entry.evidence[0])}" if entry.evidence else f"because of {entry.reason}"
        if entry.packet is None:
            what = f": {{}}, dropped in {entry.hook.upper()}" if entry.hook else f": {entry.reason} for {{}}"
        else:
            sent = entry.packet
            kinds = " ".join(filter(None, (sent.protocol, sent.kind.replace(",", ""))))
            what = f": {{}}, {kinds} {sent.ends.source} → {sent.destination}, dropped in {entry.hook.upper()}"
        groups[legible(f"Not sent by {entry.node}{what}"), legible(why)] += entry.count
    for (what, why), count in groups.most_common(most):
        yield what.replace("{}", counted(count, "packet"))
        yield f"   {why}"
    if len(groups) > most:
        yield f"Not sent: and {len(groups) - most:,} more kinds of packets, see trace.unsent"


def legacy_rules(trace: Trace) -> Iterator[str]:
    """Where iptables-legacy has rules: the kernel reports no verdicts of them, so a packet's passage may lack one."""
    latest = trace.recording.topologies[-1:]
    for node, count in Counter(rule.node for topology in latest for rule in topology.legacy_rules).items():
        yield (
            f"Rules: iptables-legacy has {counted(count, 'rule')} at {legible(node)}; "
            "the kernel counts what they did, but reports no verdicts"
        )


def origin(recording: Recording) -> str:
    """Whether the packets were captured live, or come from a replay; empty if a file from another tool does not say."""
    if recording.replayed:
        return replayed(recording.replayed)
    return f"Captured live with Linux {legible(recording.kernel)}" if recording.kernel else ""


def replayed(label: str) -> str:
    """The line that every picture of a replayed lab contains."""
    return f"Replayed, not live: {legible(label)}"


def alerts(trace: Trace) -> Iterator[str]:
    """The lines of the summary about missing data, which a view emphasises."""
    recording = trace.recording
    lost = [
        f"{counted(loss.count, legible(loss.what).removesuffix('s'))} at {legible(loss.node)}"
        for loss in recording.losses
        if loss.count
    ]
    if lost:
        yield f"Lost: {', '.join(lost)}"
    if recording.filter:
        yield (f"Incomplete: only frames that match the filter {legible(repr(recording.filter))} were captured")
    yield from (f"Incomplete: {legible(warning)}" for warning in recording.warnings)


def counted(count: int, noun: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
