"""Finds in a trace what questions ask about: a journey, and the hop where something changes. It judges nothing."""

from __future__ import annotations

from cnetkit.learn.result import Seen
from cnetkit.model import CnetkitError, Hop
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey


def journeys(trace: Trace, kind: str = "", protocol: str = "", source: str = "") -> list[Journey]:
    """The journeys of packets of a kind (`SYN`, `echo request`), of a protocol, from an address."""
    return [
        one
        for one in trace.journeys
        if kind in ("", one.packet.kind)
        and protocol in ("", one.packet.protocol)
        and source in ("", one.packet.ends.source)
    ]


def journey(trace: Trace, kind: str = "", protocol: str = "", source: str = "") -> Journey:
    """The first of them. CnetkitError where there is none."""
    found = journeys(trace, kind, protocol, source)
    if not found:
        what = " ".join(word for word in (protocol, kind, f"from {source}" if source else "") if word)
        raise CnetkitError(f"this trace has no packet of that kind ({what}): run the cell that makes it again")
    return found[0]


def arrived(trace: Trace, kind: str, sender: str, receiver: str) -> list[Journey]:
    """The packets of a kind that one node made and another took: sent is not enough, and neither is from somebody else."""
    return [
        one
        for one in journeys(trace, kind)
        if one.hops[0].node == sender
        and one.outcome.kind == "delivered"
        and one.outcome.where.startswith(f"{receiver}/")
    ]


def changed(one: Journey, field: str) -> Hop | None:
    """The first hop at which a field changes."""
    return next((hop for hop in one.hops if any(change.field == field for change in hop.changes)), None)


def after(one: Journey, field: str) -> str:
    """What a field is after its first change, or empty."""
    hop = changed(one, field)
    return next((change.after for change in hop.changes if change.field == field), "") if hop else ""


def last(one: Journey, field: str) -> str:
    """What a field is after its last change, or empty."""
    return next((change.after for hop in reversed(one.hops) for change in hop.changes if change.field == field), "")


def nodes(one: Journey) -> tuple[str, ...]:
    """The nodes that a packet passed, in order, each once."""
    return tuple(dict.fromkeys(hop.node for hop in one.hops))


def at(answer: object, one: Journey, hop: Hop | None = None) -> Seen:
    """An answer, seen at a hop of a journey: the last one where none is named."""
    return Seen(answer, one, hop or one.hops[-1])
