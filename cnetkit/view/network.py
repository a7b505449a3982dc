"""A network as plain data for the scene: nodes, interfaces, links, and the tunnels between them. Read only.

If the recording has no topology, it is inferred from where frames were captured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from cnetkit.model import Interface, Link, Node, Topology
from cnetkit.view.wording import legible

Place = tuple[str, str]
DETAILS = ("id", "port", "local", "group", "group6", "state", "hairpin", "mode", "forwarding")
"""The details of an interface that are shown besides its addresses."""


class Network:
    """The nodes and interfaces of some topologies, later ones winning, and the `captured` places."""

    def __init__(self, topologies: Sequence[Topology], captured: Iterable[Place] = ()) -> None:
        captured = list(dict.fromkeys(captured))
        seen = {(one.node, one.name): one for topology in topologies for one in topology.interfaces}
        every = _under_one_name(seen, captured)
        self.interfaces = {
            place: interface for place, interface in every.items() if interface.kind != "loopback" or place in captured
        } | {place: Interface(*place) for place in captured if place not in every}  # fmt: skip
        self.in_topology = set(every)
        nodes = {node.name: node for topology in topologies for node in topology.nodes}
        self.nodes = nodes | {node: Node(node, "host") for node, _ in self.interfaces if node not in nodes}
        self.number = {place: at for at, place in enumerate(self.interfaces)}
        past = seen.keys() - every.keys()
        joined = (link for topology in topologies for link in topology.links if not {link.a, link.b} & past)
        links = {(link.kind, link.a, link.b): link for link in joined}
        remotes = [(f.node, f.interface, f.remote) for topology in topologies for f in topology.forwarding if f.remote]
        self.links = [*links.values(), *_tunnels(self.interfaces.values(), remotes)]

    def join(self, steps: Iterable[tuple[Place, Place]]) -> None:
        """Without a topology, nodes between which packets passed are shown as linked."""
        if not self.in_topology:
            self.links += [Link("seen", a, b) for a, b in dict.fromkeys(steps) if a[0] != b[0]]

    def described(self) -> dict[str, Any]:
        """Its nodes, interfaces and links, which refer to each other by their indexes in these lists."""
        order = {name: at for at, name in enumerate(self.nodes)}
        return {
            "nodes": [
                {"name": legible(node.name), "kind": node.kind, "host": order.get(node.host, -1)}
                for node in self.nodes.values()
            ],
            "interfaces": [self._interface(node, order) for node in self.interfaces.values()],
            "links": [
                {"kind": link.kind, "a": self.number[link.a], "b": self.number[link.b]}
                for link in self.links
                if link.a in self.number and link.b in self.number
            ],
        }

    def _interface(self, interface: Interface, order: dict[str, int]) -> dict[str, Any]:
        record = {"node": order[interface.node], "name": legible(interface.name)}
        if (interface.node, interface.name) not in self.in_topology:
            return record
        details = {name: interface.details[name] for name in DETAILS if interface.details.get(name) not in (None, "")}
        return record | {
            "kind": interface.kind, "mac": interface.mac, "mtu": interface.mtu, "up": interface.up,
            "master": legible(interface.master), "addresses": list(interface.addresses), "details": details,
        }  # fmt: skip


def _under_one_name(every: dict[Place, Interface], captured: list[Place]) -> dict[Place, Interface]:
    """Without the names that an interface had while it was down, if it had another one while it was up: engines rename what they
    make and remove."""
    up = {(i.node, i.index) for i in every.values() if i.up and i.index}
    return {place: i for place, i in every.items() if i.up or place in captured or (i.node, i.index) not in up}


def _tunnels(interfaces: Iterable[Interface], remotes: list[tuple[str, str, str]]) -> list[Link]:
    """Pairs of tunnel interfaces with the same identifier where the remote address of one is the local address of the
    other."""
    ends: dict[object, list[tuple[Interface, set[str]]]] = {}
    for interface in interfaces:
        if interface.kind in ("vxlan", "geneve", "gre", "gretap", "ipip") and interface.details.get("local"):
            far = {str(interface.details[key]) for key in ("group", "group6", "remote") if interface.details.get(key)}
            far |= {remote for node, name, remote in remotes if (node, name) == (interface.node, interface.name)}
            ends.setdefault((interface.kind, interface.details.get("id")), []).append((interface, far))
    return [
        Link("tunnel", (a.node, a.name), (b.node, b.name))
        for group in ends.values()
        for (a, to_a), (b, to_b) in combinations(group, 2)
        if str(b.details["local"]) in to_a or str(a.details["local"]) in to_b
    ]
