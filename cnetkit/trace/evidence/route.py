"""The route by which a node sent a packet: the longest matching prefix (RFC 1812, 5.2.4.3; ip-route(8)).

Silent where policy rules choose by more than the destination, or where the packet left by another interface than the
table says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from cnetkit.model import Evidence, Route
from cnetkit.trace.evidence.case import Case

STEPS = ("", "route", "nat", "bridge-nat")
LOCAL, MAIN, DEFAULT = 255, 254, 253
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `route` for a frame that a node routed or sent itself."""
    if (
        not case.recording.topologies
        or case.step(frame) not in STEPS
        or case.direction(frame) != "out"
        or _bridged(case, frame, parent)
    ):
        return ()
    packet, (node, _), time = case.packet(frame), case.place(frame), case.time(frame)
    if not packet.version:
        return ()
    topology = case.topology(time)
    special = [r for r in topology.policy_rules if r.node == node and r.table not in (LOCAL, MAIN, DEFAULT)]
    if any(rule.family == packet.version for rule in special):
        return ()
    route = _longest(case.rows(topology.routes, "route", node, time), packet.ends.destination)
    if route is None or route.interface != case.device(frame):
        return ()
    table = {MAIN: "main", LOCAL: "local"}.get(route.table, str(route.table))
    return (Evidence("route", route.text or _worded(route), f"{node} table {table}", "table"),)


def _bridged(case: Case, frame: int, parent: int | None) -> bool:
    """Whether the step stayed inside a bridge after its route was already told."""
    return parent is not None and case.step(frame) == "bridge-nat" and case.direction(parent) == "out"


@lru_cache(maxsize=65536)
def _network(destination: str, version: int) -> Network | None:
    if destination == "default":
        return ipaddress.ip_network("0.0.0.0/0" if version == 4 else "::/0")
    try:
        network = ipaddress.ip_network(destination, strict=False)
    except ValueError:
        return None
    return network if network.version == version else None


def _longest(routes: Sequence[Route], destination: str) -> Route | None:
    """The route for `destination`; table local goes before main, a lower metric before a higher one."""
    target = ipaddress.ip_address(destination)
    best: tuple[int, int, int] | None = None
    chosen: Route | None = None
    for route in routes:
        other_family = route.destination == "default" and (":" in (route.via or route.source)) != (target.version == 6)
        if route.table not in (LOCAL, MAIN, DEFAULT) or other_family:
            continue
        network = _network(route.destination, target.version)
        if network is None or target not in network:
            continue
        rank = (route.table, network.prefixlen, -route.metric)
        if best is None or rank > best:
            best, chosen = rank, route
    return chosen


def _worded(route: Route) -> str:
    via = f" via {route.via}" if route.via else ""
    return f"{route.destination}{via} dev {route.interface}"
