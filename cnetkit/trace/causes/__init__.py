"""Why packets were lost: one family of causes per file. A cause is named only if it can be shown.

A cause needs what the tables of that time say about this packet, and, if the kernel counts such packets, a counter
that increased. If neither is available, no cause is named: a wrong explanation is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from cnetkit.trace.causes import (
    bridging,
    checksums,
    headers,
    legacy,
    local,
    neighbours,
    outer_packet,
    ports,
    receiver,
    routing,
    sizes,
    tracking,
    traffic_control,
    tunnels,
    unreported,
    untraced,
)
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.causes.same_address import mentioned
from cnetkit.trace.causes.untranslated import untranslated
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.legacy import grown as grown_rules
from cnetkit.trace.evidence.ruleset import stopping_nodes

LOST: tuple[Callable[[Case, int], Cause | None], ...] = (
    local.handed_to_a_program, traffic_control.filtered, legacy.dropped, bridging.addressed_to_another, bridging.same_mac,
    ports.stopped,
    checksums.damaged_tunnel, tunnels.unknown, tunnels.own_mac, tunnels.without_remote, outer_packet.dropped,
    routing.martian, routing.not_forwarding, routing.blackhole, routing.own_source, routing.reverse_path,
    sizes.expired, sizes.too_large, sizes.exceeds_peer_mtu, routing.no_route, neighbours.silent, sizes.incomplete,
    tracking.refused, traffic_control.queue_full, receiver.blocked_by_ipsec, unreported.dropped_with_its_flow,
    untraced.lost,
)  # fmt: skip
"""For packets that were lost from sight, in the order in which the kernel checks. Each takes the case and the last
frame."""

ARRIVED: tuple[Callable[[Case, int], Cause | None], ...] = (
    traffic_control.filtered,
    legacy.dropped,
    local.before_ip,
    checksums.damaged,
    headers.impossible_length,
    routing.reverse_path_to_itself,
    local.nobody_listens,
    local.ignores_echoes,
    receiver.lost_after_input,
    unreported.dropped_with_its_flow,
    unreported.verdict_unknown,
    untraced.arrived,
)
"""For packets that reached their node but were not accepted there."""


NEEDED = (
    *checksums.NEEDED,
    *headers.COUNTERS.values(),
    *local.NO_PORTS.values(),
    *receiver.COUNTERS,
    "TcpExt.IPReversePathFilter",
)
"""A cause of ARRIVED needs that one of these counters increased."""


def counted_on_arrival(case: Case) -> set[str]:
    """The nodes at which a cause of ARRIVED is possible: a counter that it needs increased or stayed, or rules drop
    packets."""
    snapshots = [topology.counters for topology in case.recording.topologies]
    return (
        stopping_nodes(case)
        | set(grown_rules(case))
        | untraced.nodes(case)
        | local.ignoring_echoes(case)
        | {
            node
            for before, after in pairwise(snapshots)
            for node, counters in after.items()
            if any(counters.get(name, 0) > before.get(node, {}).get(name, 0) for name in NEEDED)
            or counters.get(local.RECEIVED, 0) == before.get(node, {}).get(local.RECEIVED, 0)
        }
    )


def flooded(case: Case, frame: int) -> Cause | None:
    """The cause for a packet that a bridge flooded; `frame` is one of the places it reached."""
    return bridging.flooded(case, frame) if case.recording.topologies else None


def lost(case: Case, frame: int) -> Cause | None:
    """The cause that can be shown for a packet whose last frame is `frame`, or None."""
    return _first(LOST, case, frame)


def arrived(case: Case, frame: int) -> Cause | None:
    """The cause why a packet that reached its node in `frame` was dropped there, or None."""
    return _first(ARRIVED, case, frame)


def _first(causes: tuple[Callable[[Case, int], Cause | None], ...], case: Case, frame: int) -> Cause | None:
    if not case.recording.topologies:
        return None
    return next((cause for find in causes if (cause := find(case, frame)) is not None), None)


__all__ = ["Cause", "arrived", "flooded", "lost", "mentioned", "untranslated"]
