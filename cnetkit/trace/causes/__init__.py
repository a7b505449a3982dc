"""What became of a packet that was not seen again: one family of causes a file, each silent unless it can be shown.

A cause needs what the tables of that time say of this very packet, and where the kernel counts such packets, a counter
that moved. Where neither can be had, none is named: a wrong explanation is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from cnetkit.trace.causes import bridging, local, neighbours, routing, sizes, tracking, tunnels, unheard
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.ruleset import stopping_nodes

LOST: tuple[Callable[[Case, int], Cause | None], ...] = (
    local.handed_to_a_program,
    bridging.addressed_to_another, bridging.stopped, tunnels.unknown, tunnels.without_remote, routing.martian,
    routing.not_forwarding, routing.blackhole, routing.own_source, routing.reverse_path, sizes.expired, sizes.too_large,
    sizes.larger_than_the_other_end,
    routing.no_route, neighbours.silent, sizes.incomplete, tracking.refused, unheard.dropped_as_its_like,
)  # fmt: skip
"""For packets that were lost from sight, each in the order in which the kernel asks; given the case and the last frame."""

ARRIVED: tuple[Callable[[Case, int], Cause | None], ...] = (
    local.before_ip,
    local.damaged,
    local.queue_full,
    local.nobody_listens,
    unheard.dropped_as_its_like,
    unheard.not_known,
)
"""For packets that reached their node, and yet were not taken by anyone."""


def counted_on_arrival(case: Case) -> set[str]:
    """The nodes where a counter moved, or stayed, that one of ARRIVED needs, or whose rules drop packets; elsewhere none of
    them has anything to say."""
    snapshots = [topology.counters for topology in case.recording.topologies]
    return stopping_nodes(case) | {
        node
        for before, after in pairwise(snapshots)
        for node, counters in after.items()
        if any(counters.get(name, 0) > before.get(node, {}).get(name, 0) for name in local.NEEDED)
        or counters.get(local.RECEIVED, 0) == before.get(node, {}).get(local.RECEIVED, 0)
    }


def flooded(case: Case, frame: int) -> Cause | None:
    """The cause for a packet that a bridge sent everywhere, `frame` being one of the places."""
    return bridging.flooded(case, frame) if case.recording.topologies else None


def lost(case: Case, frame: int) -> Cause | None:
    """The cause that can be shown for a packet last seen in `frame`."""
    return _first(LOST, case, frame)


def arrived(case: Case, frame: int) -> Cause | None:
    """The cause why a packet that reached its node in `frame` was thrown away there."""
    return _first(ARRIVED, case, frame)


def _first(causes: tuple[Callable[[Case, int], Cause | None], ...], case: Case, frame: int) -> Cause | None:
    if not case.recording.topologies:
        return None
    return next((cause for one in causes if (cause := one(case, frame)) is not None), None)


__all__ = ["Cause", "arrived", "flooded", "lost"]
