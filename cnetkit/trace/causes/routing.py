"""Packets that a router's tables or settings drop (net/ipv4/route.c, ip_route_input_slow; net/ipv6/ip6_output.c)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from cnetkit.model import Evidence, Interface
from cnetkit.trace.causes.cause import Cause, interface, moved, setting, sysctl
from cnetkit.trace.evidence import dnat_target, route
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.policy import Routed
from cnetkit.trace.evidence.verdicts import hooks_passed


@dataclass(frozen=True, slots=True)
class Arrival:
    """A received packet that its node must route, because it is not addressed to the node."""

    node: str
    device: str
    version: int
    source: str
    destination: str
    """After the translation in prerouting."""
    settings: Interface


def arrival(case: Case, frame: int, to_itself: bool = False) -> Arrival | None:
    """None if the packet did not reach routing, or is addressed to the node itself; with `to_itself`, if it is not."""
    if case.direction(frame) != "in" or not case.joined.columns.version[frame] or case.joined.columns.depth[frame]:
        return None
    node, name = case.place(frame)
    place = case.tables.interfaces.get((node, name))
    if place is None or place.master:
        return None
    described = interface(case, frame, node, name)
    packet = case.packet(frame)
    if described is None or packet.eth_dst != described.mac:
        return None
    target = dnat_target.destination(case, frame)
    if (target in case.tables.addresses.get(node, ())) != to_itself or ipaddress.ip_address(target).is_multicast:
        return None
    return Arrival(node, name, packet.version, packet.ends.source, target, described)


def chosen(case: Case, frame: int, to: Arrival) -> route.RouteLookup:
    """The route that the node's tables give for it at that time."""
    packet, (address, port) = route.routed(case, frame), dnat_target.target(case, frame)
    packet = replace(packet, destination=address, dport=(port or None) if packet.dport is not None else None)
    return route.lookup(case, to.node, packet, case.time(frame))


def way_back(case: Case, frame: int, to: Arrival) -> route.RouteLookup:
    """The route that the reverse path filter asks for (net/ipv4/fib_frontend.c, fib_validate_source)."""
    return route.lookup(case, to.node, Routed(to.destination, to.source), case.time(frame))


def martian(case: Case, frame: int) -> Cause | None:
    """A source or destination that is not allowed on a link (ip_handle_martian_source)."""
    to = arrival(case, frame)
    if to is None or to.version != 4:
        return None
    source, target = ipaddress.ip_address(to.source), ipaddress.ip_address(to.destination)
    if (source.is_loopback or target.is_loopback) and not _on(case, frame, to, "route_localnet"):
        which = source if source.is_loopback else target
        evidence = setting(to.node, f"net.ipv4.conf.{to.device}.route_localnet", 0)
        return Cause(f"{which} is a loopback address, which must not come in from a link", (evidence,))
    return None


def own_source(case: Case, frame: int) -> Cause | None:
    """Its source is an address of the node itself (fib_validate_source). The kernel checks this after it found a
    route."""
    to = arrival(case, frame)
    if to is None or to.version != 4 or to.source not in case.tables.addresses.get(to.node, ()):
        return None
    forwards = to.settings.details.get("forwarding") != 0
    lookup = chosen(case, frame, to)
    if not forwards or lookup.route is None or lookup.unsure or _on(case, frame, to, "accept_local"):
        return None
    evidence = setting(to.node, f"net.ipv4.conf.{to.device}.accept_local", 0)
    return Cause(f"its source {to.source} is an address of {to.node} itself", (evidence,))


def _on(case: Case, frame: int, to: Arrival, name: str) -> bool:
    """Whether a setting is on, or not known to be off."""
    own, everywhere = to.settings.details.get(name), sysctl(case, frame, to.node, f"net.ipv4.conf.all.{name}")
    return own is None or bool(own) or everywhere not in (None, "0")


def reverse_path(case: Case, frame: int) -> Cause | None:
    """RFC 3704: replies to its source would leave at another interface (strict mode), or at none (loose mode)."""
    return _reverse_path(case, frame, arrival(case, frame))


def reverse_path_to_itself(case: Case, frame: int) -> Cause | None:
    """The same, of a packet for the node itself that it did not answer."""
    return _reverse_path(case, frame, arrival(case, frame, to_itself=True)) if case.once(answers)[frame] < 0 else None


def _reverse_path(case: Case, frame: int, to: Arrival | None) -> Cause | None:
    if to is None or to.version != 4 or "input" in hooks_passed(case, frame):
        return None
    own, everywhere = (
        to.settings.details.get("rp_filter", 0),
        sysctl(case, frame, to.node, "net.ipv4.conf.all.rp_filter"),
    )
    mode = max(int(own), int(everywhere or 0))
    counter = moved(case, frame, to.node, "TcpExt.IPReversePathFilter")
    back = way_back(case, frame, to)
    if not mode or counter is None or back.unsure:
        return None
    leads = back.route is not None and back.route.type not in route.ENDINGS
    if back.route is not None and leads and (mode == 2 or to.device in route.leads_to(back.route)):
        return None
    words = f"no route leads back to its source {to.source}"
    table: tuple[Evidence, ...] = () if back.route is None else (back.evidence,)
    if back.route is not None and leads:
        ways = " or ".join(route.leads_to(back.route))
        words = f"answers to its source {to.source} would leave by {ways}, not by {to.device}"
    evidence = setting(to.node, f"net.ipv4.conf.{to.device}.rp_filter", mode)
    return Cause(f"the reverse path filter: {words}", (evidence, *table, counter))


def not_forwarding(case: Case, frame: int) -> Cause | None:
    """Forwarding is off."""
    to = arrival(case, frame)
    if to is None:
        return None
    counter = moved(case, frame, to.node, "Ip.InAddrErrors" if to.version == 4 else "Ip6.InAddrErrors")
    if to.version == 4:
        off, name = to.settings.details.get("forwarding") == 0, f"net.ipv4.conf.{to.device}.forwarding"
    else:
        name = "net.ipv6.conf.all.forwarding"
        off = sysctl(case, frame, to.node, name) == "0"
    if not off or counter is None:
        return None
    return Cause(f"{to.node} does not forward packets", (setting(to.node, name, 0), counter))


def blackhole(case: Case, frame: int) -> Cause | None:
    """The route's type drops the packet without an answer."""
    to = arrival(case, frame)
    lookup = None if to is None else chosen(case, frame, to)
    if lookup is None or lookup.route is None or lookup.route.type not in ("blackhole", "prohibit", "unreachable"):
        return None
    return Cause(f"the route for {lookup.destination} is a {lookup.route.type}", (lookup.evidence,))


def no_route(case: Case, frame: int) -> Cause | None:
    """No table has a route for it."""
    to = arrival(case, frame)
    if to is None:
        return None
    lookup = chosen(case, frame, to)
    counter = moved(case, frame, to.node, "IpExt.InNoRoutes" if to.version == 4 else "Ip6.InNoRoutes")
    if lookup.route is not None or lookup.unsure or counter is None:
        return None
    evidence = Evidence("route", f"no route to {to.destination}", f"{to.node} routing tables", "table")
    return Cause(f"{to.node} has no route to {to.destination}", (evidence, counter))
