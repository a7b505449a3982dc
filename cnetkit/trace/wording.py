"""Says in sentences what a journey did, for a learner. It quotes evidence and adds no claim of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnetkit.model import Change, Hop

if TYPE_CHECKING:
    from cnetkit.trace.journey import Journey

STEPS = {
    "link": "came out of the other end of the cable at {here}",
    "bridge-up": "was taken up by the bridge {here}",
    "bridge-down": "was sent out of the bridge's port {here}",
    "bridge-forward": "was forwarded by the bridge to its port {here}",
    "bridge-nat": "was translated inside the bridge and went on to {here}",
    "route": "was routed out at {here}",
    "nat": "was translated and routed out at {here}",
    "wrapped": "was wrapped for a tunnel and sent at {here}",
    "unwrapped": "was taken out of the tunnel at {here}",
    "stacked-up": "was handed up to {here}",
    "stacked-down": "was handed down to {here}",
    "gap": "appeared at {here}; what lies between was not captured",
}
ENDINGS = {
    "delivered": "It was delivered at {where}.",
    "consumed": "It was consumed at {where}: {reason}.",
    "dropped": "It was dropped after {where}: {reason}.",
    "lost-from-sight": "It was last seen at {where}; nothing in the recording says what became of it.",
    "ambiguous": "Where it came from is ambiguous: {reason}.",
}


def summary(journey: Journey) -> str:
    """`tcp SYN 203.0.113.2:42876 → 203.0.113.1:8080: delivered at web/eth0`."""
    packet = journey.trace.found.case.packet(journey.frames[0])
    what = f"{packet.protocol} {packet.kind}".strip()
    ended = journey.outcome
    where = {"lost-from-sight": "last seen at", "dropped": "after"}.get(ended.kind, "at")
    return f"{what} {packet.source} → {packet.destination}: {ended.kind} {where} {ended.where}"


def paragraph(journey: Journey) -> str:
    """The whole journey, one sentence a hop."""
    case = journey.trace.found.case
    first = journey.hops[0]
    packet = case.packet(first.frame)
    begun = "was sent" if first.direction == "out" else "was first seen"
    what = f"{packet.protocol} {packet.kind}".strip()
    said = [f"A packet ({what}) from {packet.source} to {packet.destination} {begun} at {_place(first)}{_why(first)}."]
    for hop in journey.hops[1:]:
        step = STEPS.get(case.step(hop.frame), "was seen at {here}").format(here=_place(hop))
        said.append(f"It {step}{_changed(hop.changes)}{_why(hop)}.")
    ended = journey.outcome
    said.append(ENDINGS[ended.kind].format(where=ended.where, reason=ended.reason))
    return " ".join(said)


def comment(hop: Hop) -> str:
    """A hop's changes and evidence in a few lines, for a packet comment."""
    lines = [f"{c.field}: {c.before} → {c.after}" for c in hop.changes]
    lines += [f"{e.kind}: {e.quote} ({e.source}, {e.strength})" for e in hop.evidence]
    return "\n".join(lines)


def _place(hop: Hop) -> str:
    return f"{hop.node}/{hop.interface}"


def _changed(changes: tuple[Change, ...]) -> str:
    if not changes:
        return ""
    return ", with " + ", ".join(f"{c.field} {c.before} → {c.after}" for c in changes)


def _why(hop: Hop) -> str:
    if not hop.evidence:
        return ""
    return " (" + "; ".join(f"{e.kind}: {e.quote}" for e in hop.evidence) + ")"
