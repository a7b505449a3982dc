"""Why a hop happened: one kind of evidence a file, each silent where it has nothing to show."""

from __future__ import annotations

from collections.abc import Callable

from cnetkit.model import Evidence
from cnetkit.trace.evidence import connection, forwarding, icmp_error, link, neighbour, pieces, route, rule
from cnetkit.trace.evidence.case import Case

KINDS: tuple[Callable[[Case, int, int | None], tuple[Evidence, ...]], ...] = (
    rule.quoted, connection.quoted, route.quoted, neighbour.quoted, forwarding.quoted, link.quoted,
    pieces.quoted, icmp_error.quoted,
)  # fmt: skip
"""Each takes the case, a frame and its parent (None for a journey's first frame)."""


def gather(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """All evidence for the step from `parent` to `frame`: what translated it, then the rest in the order of KINDS."""
    found = [evidence for kind in KINDS for evidence in kind(case, frame, parent)]
    return tuple(
        sorted(found, key=lambda one: 0 if one.effect == "translates" else 1 if one.kind == "conntrack" else 2)
    )


__all__ = ["KINDS", "Case", "gather"]
