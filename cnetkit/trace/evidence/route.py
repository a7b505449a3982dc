"""The route by which a node sent a packet, or accepted it for itself (ip-rule(8), ip-route(8)).

Policy rules are tried by priority; in each table the longest matching prefix wins (RFC 1812, 5.2.4.3). No evidence if
a rule selects by more than addresses, or if the packet left at another interface.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cnetkit.model import Evidence, PolicyRule, Route
from cnetkit.rules import completed_policy
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import outer_ends
from cnetkit.trace.steps.nat import BRIDGE_TRANSLATIONS

TABLES = {255: "local", 254: "main", 253: "default"}
RULES = ((0, 255), (32766, 254), (32767, 253))
"""The policy rules of a node that has none of its own: priority and table."""
ENDINGS = ("blackhole", "unreachable", "prohibit")
"""Actions of a rule, and types of a route, that end the lookup without a next hop."""
OWN = ("local", "broadcast", "multicast", "anycast")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `route` for a frame that a node routed, sent itself, or accepted for itself."""
    tunnelled = bool(case.joined.columns.depth[frame])
    if not case.recording.topologies or not (tunnelled or case.joined.columns.version[frame]):
        return ()
    out = case.direction(frame) == "out"
    if not out and not case.is_last(frame):
        return ()
    if out and _bridged(case, frame, parent):
        return ()
    packet, (node, _), time = case.packet(frame), case.place(frame), case.time(frame)
    after = None if out else case.tables.translations.get((node, packet.protocol, packet.ends))
    destination = after.destination if after else packet.ends.destination
    source = packet.ends.source
    if tunnelled:  # a router treats what is inside as payload
        source, destination = outer_ends(case.joined.columns, frame)
    result = lookup(case, node, 6 if ":" in destination else 4, source, destination, time)
    route = result.route
    if route is None or (route.interface != case.device(frame) if out else route.type not in OWN):
        return ()
    return (result.evidence,)


@dataclass(frozen=True, slots=True)
class RouteLookup:
    """The route that a node's tables give for a packet; `unsure` if it depends on more than addresses."""

    node: str
    destination: str
    route: Route | None
    unsure: bool = False

    @property
    def evidence(self) -> Evidence:
        """The route as evidence, or that there is none."""
        if self.route is None:
            return Evidence("route", f"no route to {self.destination}", f"{self.node} routing tables", "table")
        table = TABLES.get(self.route.table, str(self.route.table))
        if not self.route.table:
            return Evidence("route", self.route.text, f"{self.node} policy rules", "table")
        return Evidence("route", self.route.text or _worded(self.route), f"{self.node} table {table}", "table")


def lookup(case: Case, node: str, version: int, source: str, destination: str, time_ns: int) -> RouteLookup:
    """The route by which `node` would have sent such a packet at that time."""
    topology = case.tables.topology(time_ns)
    routes = case.tables.routes(node, time_ns)
    key = (node, version, source, destination, topology.time_ns, id(routes))  # the tables keep their rows
    cache = case.once(_lookups)
    if key not in cache:
        rules = [rule for rule in topology.policy_rules if rule.node == node and rule.family == version]
        cache[key] = RouteLookup(node, destination, *find_route(rules, routes, source, destination))
    return cache[key]


def _lookups(case: Case) -> dict[Hashable, RouteLookup]:
    """The cache of `lookup`."""
    return {}


def _bridged(case: Case, frame: int, parent: int | None) -> bool:
    """Whether the step stayed inside a bridge, with its route already shown at the hop before."""
    return parent is not None and case.step(frame) in BRIDGE_TRANSLATIONS and case.direction(parent) == "out"


def find_route(
    rules: Sequence[PolicyRule], routes: Sequence[Route], source: str, destination: str
) -> tuple[Route | None, bool]:
    """The route for a packet with these addresses, or None; and whether the lookup depends on more than addresses."""
    default = [PolicyRule("", priority, table, action="lookup") for priority, table in RULES]
    for rule in (
        sorted(map(completed_policy, rules), key=lambda rule: (rule.priority, rule.table, rule.text)) or default
    ):
        if rule.selectors:
            return None, True
        if not (_holds(rule.source, source) and _holds(rule.destination, destination)):
            continue
        if rule.action in ENDINGS:
            return Route("", destination, type=rule.action, table=0, text=rule.text), False
        best = _longest([route for route in routes if route.table == rule.table], destination)
        if best is not None:
            return (best, False) if best.type != "throw" else (None, True)
    return None, False


def _holds(prefix: str, address: str) -> bool:
    """Whether a policy rule's prefix contains an address; an empty prefix contains all."""
    network = _network(prefix, 6 if ":" in address else 4) if prefix else None
    return not prefix or (network is not None and ipaddress.ip_address(address) in network)


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
    """The route of one table for `destination`; of equal prefixes the one with the lowest metric."""
    target = ipaddress.ip_address(destination)
    best: tuple[int, int] | None = None
    longest: Route | None = None
    for route in routes:
        if route.destination == "default" and (":" in (route.via or route.source)) != (target.version == 6):
            continue
        network = _network(route.destination, target.version)
        if network is None or target not in network:
            continue
        rank = (network.prefixlen, -route.metric)
        if best is None or rank > best:
            best, longest = rank, route
    return longest


def _worded(route: Route) -> str:
    via = f" via {route.via}" if route.via else ""
    return f"{route.destination}{via} dev {route.interface}"
