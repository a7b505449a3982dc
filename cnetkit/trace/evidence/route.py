"""The route by which a node sent a packet, or accepted it for itself (ip-rule(8), ip-route(8)).

Policy rules are tried by priority (policy.py); in each table the longest matching prefix wins (RFC 1812, 5.2.4.3). No evidence
if a rule looks at what is not known of the packet, or if the packet left at another interface.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from cnetkit.model import Evidence, PolicyRule, Route
from cnetkit.rules import completed_policy
from cnetkit.trace.evidence import dnat_target
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.policy import Routed, holds, network
from cnetkit.trace.evidence.verdicts import verdicts_of
from cnetkit.trace.packets.packet import outer_ends
from cnetkit.trace.steps.nat import BRIDGE_TRANSLATIONS

TABLES = {255: "local", 254: "main", 253: "default"}
RULES = ((0, 255), (32766, 254), (32767, 253))
"""The policy rules of a node that has none of its own: priority and table."""
ENDINGS = ("blackhole", "unreachable", "prohibit")
"""Actions of a rule, and types of a route, that end the lookup without a next hop."""
PORTED = ("tcp", "udp", "sctp")
OWN = ("local", "broadcast", "multicast", "anycast")


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
    ends = packet.ends
    address, port = (ends.destination, ends.destination_port) if out else dnat_target.target(case, frame)
    asked = routed(case, _came_in(case, frame))
    asked = replace(asked, destination=address, dport=None if asked.dport is None else port or None)
    if tunnelled:  # a router treats what is inside as payload
        asked = Routed(*outer_ends(case.joined.columns, frame))
    result = lookup(case, node, asked, time)
    route = result.route
    if route is None or (case.device(frame) not in leads_to(route) if out else route.type not in OWN):
        return ()
    return (result.evidence,)


def routed(case: Case, frame: int) -> Routed:
    """What policy rules see of a packet in its own node, at the frame where it came in or, if it was sent there, went out."""
    packet, came_in = case.packet(frame), case.direction(frame) == "in"
    ends, ported = packet.ends, packet.protocol in PORTED
    return Routed(
        ends.source, ends.destination, case.device(frame) if came_in else "lo", packet.protocol,
        ends.source_port if ported else None, ends.destination_port if ported else None, _mark(case, frame) if came_in else None,
    )  # fmt: skip


def _mark(case: Case, frame: int) -> int | None:
    """The mark that the kernel reported last before it routed the packet. Without one, something else may have set it."""
    steps = [step for step in verdicts_of(case, frame, None) if step.hook == "prerouting"]
    return steps[-1].verdict.mark or None if steps else None


def _came_in(case: Case, frame: int) -> int:
    """The frame at which the packet of `frame` entered the node, if it was captured and is no tunnel's payload; else `frame`."""
    node, at, depth = case.place(frame)[0], frame, case.joined.columns.depth
    while (up := case.parent(at)) is not None and case.place(up)[0] == node and depth[up] == depth[frame]:
        at = up
    return at


def leads_to(route: Route) -> tuple[str, ...]:
    """The interfaces by which a route may lead: several if it is a multipath route."""
    return tuple(interface for _, interface in next_hops(route))


def next_hops(route: Route) -> tuple[tuple[str, str], ...]:
    """(via, interface) of each of its next hops."""
    return route.hops or ((route.via, route.interface),)


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


def lookup(case: Case, node: str, packet: Routed, time_ns: int) -> RouteLookup:
    """The route by which `node` would have sent such a packet at that time."""
    topology, version = case.tables.topology(time_ns), 6 if ":" in packet.destination else 4
    routes = case.tables.routes(node, time_ns)
    rules = case.once(_rules).get((topology.time_ns, node, version), ())
    if not any(rule.selectors for rule in rules):
        packet = Routed(packet.source, packet.destination)
    key = (node, packet, topology.time_ns, id(routes))  # the tables keep their rows
    cache = case.once(_lookups)
    if key not in cache:
        cache[key] = RouteLookup(node, packet.destination, *find_route(rules, routes, packet))
    return cache[key]


def _rules(case: Case) -> dict[tuple[int, str, int], list[PolicyRule]]:
    """The policy rules by the time of their snapshot, node and IP version."""
    found: dict[tuple[int, str, int], list[PolicyRule]] = {}
    for topology in case.recording.topologies:
        for rule in topology.policy_rules:
            found.setdefault((topology.time_ns, rule.node, rule.family), []).append(completed_policy(rule))
    return found


def _lookups(case: Case) -> dict[Hashable, RouteLookup]:
    """The cache of `lookup`."""
    return {}


def _bridged(case: Case, frame: int, parent: int | None) -> bool:
    """Whether the step stayed inside a bridge, with its route already shown at the hop before."""
    return parent is not None and case.step(frame) in BRIDGE_TRANSLATIONS and case.direction(parent) == "out"


def find_route(rules: Sequence[PolicyRule], routes: Sequence[Route], packet: Routed) -> tuple[Route | None, bool]:
    """The route for a packet, or None; and whether the lookup depends on what is not known of the packet."""
    default = [PolicyRule("", priority, table, action="lookup") for priority, table in RULES]
    for rule in (
        sorted(map(completed_policy, rules), key=lambda rule: (rule.priority, rule.table, rule.text)) or default
    ):
        chosen = holds(rule, packet)
        if chosen is False or rule.action == "nop":
            continue
        best = _longest([route for route in routes if route.table == rule.table], packet.destination)
        if rule.action == "lookup" and best is None:
            continue  # whether the rule holds or not
        if chosen is None or rule.action == "goto":
            return None, True
        if rule.action in ENDINGS:
            return Route("", packet.destination, type=rule.action, table=0, text=rule.text), False
        if best is not None and not (suppressed := _suppressed(rule, best)):
            return (best, False) if suppressed is False and best.type != "throw" else (None, True)
    return None, False


def _suppressed(rule: PolicyRule, route: Route) -> bool | None:
    """Whether the rule refuses this route because its prefix is too short; None if that is not known."""
    values = dict(rule.values)
    if "suppress_ifgroup" in rule.selectors or ("suppress_prefixlength" in rule.selectors and not values):
        return None
    length = 0 if route.destination == "default" else int(route.destination.partition("/")[2] or 128)
    return length <= int(values.get("suppress_prefixlength", "-1"))


def _longest(routes: Sequence[Route], destination: str) -> Route | None:
    """The route of one table for `destination`; of equal prefixes the one with the lowest metric."""
    target = ipaddress.ip_address(destination)
    best: tuple[int, int] | None = None
    longest: Route | None = None
    for route in routes:
        via = next((via for via, _ in route.hops if via), route.via)
        if route.destination == "default" and (":" in (via or route.source)) != (target.version == 6):
            continue
        prefix = network(route.destination, target.version)
        if prefix is None or target not in prefix:
            continue
        rank = (prefix.prefixlen, -route.metric)
        if best is None or rank > best:
            best, longest = rank, route
    return longest


def _worded(route: Route) -> str:
    hops = " nexthop".join(f"{f' via {via}' if via else ''} dev {interface}" for via, interface in next_hops(route))
    return f"{route.destination}{' nexthop' if route.hops else ''}{hops}"
