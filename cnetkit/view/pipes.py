"""The way of each tunnel through the interfaces and links that carry it, so that it is drawn where its packets really go."""

from __future__ import annotations

from collections import deque

from cnetkit.model import Interface
from cnetkit.view.network import Network, Place


def pipes(network: Network) -> dict[tuple[Place, Place], list[Place]]:
    """The shortest way between the two ends of each tunnel, both included; none for a tunnel whose underlay is not in the
    topology."""
    tunnels = [link for link in network.links if link.kind == "tunnel"]
    near = _near(network) if tunnels else {}
    ways = {}
    for link in tunnels:
        first, last = _carrier(network, link.a), _carrier(network, link.b)
        way = _shortest(near, first, last) if first and last else []
        if way:
            ways[link.a, link.b] = [link.a, *way, link.b]
    return ways


def _carrier(network: Network, end: Place) -> Place | None:
    """The interface of the same node that has the tunnel's local address."""
    local = str(network.interfaces[end].details.get("local", ""))
    for place, interface in network.interfaces.items():
        if place != end and place[0] == end[0] and local in (one.partition("/")[0] for one in interface.addresses):
            return place
    return None


def _near(network: Network) -> dict[Place, list[Place]]:
    """For each interface those that a packet may go to next: along a link, and from one to another of a node that routes."""
    near: dict[Place, list[Place]] = {place: [] for place in network.interfaces}
    for link in network.links:
        if link.kind != "tunnel" and link.a in near and link.b in near:
            near[link.a].append(link.b)
            near[link.b].append(link.a)
    ends = {place for link in network.links if link.kind == "tunnel" for place in (link.a, link.b)}
    routing: dict[str, list[Interface]] = {}
    for place, interface in network.interfaces.items():
        if interface.addresses and place not in ends:
            routing.setdefault(interface.node, []).append(interface)
    for interfaces in routing.values():
        for one in interfaces:
            near[one.node, one.name] += [(other.node, other.name) for other in interfaces if other is not one]
    return near


def _shortest(near: dict[Place, list[Place]], first: Place, last: Place) -> list[Place]:
    before: dict[Place, Place | None] = {first: None}
    waiting = deque([first])
    while waiting and last not in before:
        place = waiting.popleft()
        for other in near[place]:
            if other not in before:
                before[other] = place
                waiting.append(other)
    if last not in before:
        return []
    way, at = [], last
    while at != first:
        way.append(at)
        at = before[at] or first
    return [first, *reversed(way)]
