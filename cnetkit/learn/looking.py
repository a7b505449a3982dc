"""Helpers for questions: find a journey in a trace, and the hop where something changes. They judge nothing."""

from __future__ import annotations

from cnetkit.learn.result import Observation
from cnetkit.model import CnetkitError, Hop
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey


def journeys(trace: Trace, kind: str = "", protocol: str = "", source: str = "") -> list[Journey]:
    """The journeys of packets of a kind (`SYN`, `echo request`), of a protocol, from an address. Empty: any."""
    return [
        journey
        for journey in trace.journeys
        if kind in ("", journey.packet.kind)
        and protocol in ("", journey.packet.protocol)
        and source in ("", journey.packet.ends.source)
    ]


def journey(trace: Trace, kind: str = "", protocol: str = "", source: str = "") -> Journey:
    """The first of them. CnetkitError if there is none."""
    matches = journeys(trace, kind, protocol, source)
    if not matches:
        what = " ".join(word for word in (protocol, kind, f"from {source}" if source else "") if word)
        raise CnetkitError(f"this trace has no packet of that kind ({what}): run the cell that makes it again")
    return matches[0]


def arrived(trace: Trace, kind: str, sender: str, receiver: str) -> list[Journey]:
    """The packets of a kind that the node `sender` sent and that were delivered at the node `receiver`."""
    return [
        journey
        for journey in journeys(trace, kind)
        if journey.hops[0].node == sender
        and journey.outcome.kind == "delivered"
        and journey.outcome.where.startswith(f"{receiver}/")
    ]


def changed(journey: Journey, field: str) -> Hop | None:
    """The first hop at which a field changes."""
    return next((hop for hop in journey.hops if any(change.field == field for change in hop.changes)), None)


def after(journey: Journey, field: str) -> str:
    """The value of a field after its first change; empty if it does not change."""
    hop = changed(journey, field)
    return next((change.after for change in hop.changes if change.field == field), "") if hop else ""


def last(journey: Journey, field: str) -> str:
    """The value of a field after its last change; empty if it does not change."""
    changes = (change for hop in reversed(journey.hops) for change in hop.changes)
    return next((change.after for change in changes if change.field == field), "")


def nodes(journey: Journey) -> tuple[str, ...]:
    """The nodes that a packet passed, in order, each once."""
    return tuple(dict.fromkeys(hop.node for hop in journey.hops))


def at(answer: object, journey: Journey, hop: Hop | None = None) -> Observation:
    """An answer that a hop of a journey shows; without `hop` its last one."""
    return Observation(answer, journey, hop or journey.hops[-1])
