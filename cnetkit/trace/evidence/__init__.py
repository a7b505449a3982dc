"""Evidence for hops: why each step happened. One kind per file; each returns nothing if it has nothing to show."""

from __future__ import annotations

from collections.abc import Callable

from cnetkit.model import Evidence
from cnetkit.trace.evidence import (
    comment,
    connection,
    forwarding,
    icmp_error,
    link,
    neighbour,
    pieces,
    route,
    rule,
    tunnel,
)
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.steps.step import Wanted

KINDS: dict[Wanted, Callable[[Case, int, int | None], tuple[Evidence, ...]]] = {
    Wanted.RULE: rule.quoted,
    Wanted.CONNECTION: connection.quoted,
    Wanted.ROUTE: route.quoted,
    Wanted.NEIGHBOUR: neighbour.quoted,
    Wanted.FDB: forwarding.chosen_port,
    Wanted.OWN_ADDRESS: forwarding.kept_by_bridge,
    Wanted.TUNNEL: tunnel.entry,
    Wanted.CABLE: link.cable,
    Wanted.STACK: link.stack,
    Wanted.OUTER_HEADERS: tunnel.outer_headers,
    Wanted.FRAMES: link.by_frames,
    Wanted.PIECES: pieces.quoted,
    Wanted.ICMP_ERROR: icmp_error.quoted,
    Wanted.COMMENT: comment.quoted,
}
"""In the order in which a hop shows them. Each takes the case, a frame and its parent (None for a journey's first
frame)."""
ALWAYS = (Wanted.PIECES, Wanted.ICMP_ERROR, Wanted.COMMENT)
"""Evidence that any step may have: the frame is a piece of a packet, or quotes another packet, or has a comment in the file."""
AT_THE_END = (Wanted.RULE, Wanted.ROUTE)
"""Evidence that the last hop has in addition if it is incoming: why the node accepted the packet for itself, or did
not."""


def gather(case: Case, frame: int) -> tuple[Evidence, ...]:
    """All evidence for the step that led to `frame`: translations first, then the rest in the order of KINDS."""
    parent = case.parent(frame)
    wanted = {*case.step(frame).evidence, *ALWAYS}
    if case.is_last(frame) and case.direction(frame) != "out":
        wanted.update(AT_THE_END)
    evidence = [item for kind, quoted in KINDS.items() if kind in wanted for item in quoted(case, frame, parent)]
    return tuple(
        sorted(evidence, key=lambda item: 0 if item.effect == "translates" else 1 if item.kind == "conntrack" else 2)
    )


__all__ = ["KINDS", "Case", "gather"]
