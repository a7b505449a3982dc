"""A network as plain data for the scene: nodes, interfaces, links, and the tunnels between them. It only reads.

What a topology does not tell, since the recording has none, is taken from where frames were seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from cnetkit.model import Interface, Link, Node, Topology
from cnetkit.view.wording import legible

Place = tuple[str, str]
DETAILS = ("id", "port", "local", "group", "group6", "state", "hairpin", "mode", "forwarding")
"""What is told of an interface beside its addresses."""


class Network:
    """The nodes and interfaces of some topologies, of which the later ones win, and the `seen` places."""

    def __init__(self, topologies: Sequence[Topology], seen: Iterable[Place] = ()) -> None:
        seen = list(dict.fromkeys(seen))
        every = {(one.node, one.name): one for topology in topologies for one in topology.interfaces}
        self.interfaces = {
            place: one for place, one in every.items() if one.kind != "loopback" or place in seen
        } | {place: Interface(*place) for place in seen if place not in every}  # fmt: skip
        self.told = set(every)
        known = {node.name: node for topology in topologies for node in topology.nodes}
        self.nodes = known | {node: Node(node, "host") for node, _ in self.interfaces if node not in known}
        self.number = {place: at for at, place in enumerate(self.interfaces)}
        links = {(link.kind, link.a, link.b): link for topology in topologies for link in topology.links}
        remotes = [(f.node, f.interface, f.remote) for topology in topologies for f in topology.forwarding if f.remote]
        self.links = [*links.values(), *_tunnels(self.interfaces.values(), remotes)]

    def join(self, steps: Iterable[tuple[Place, Place]]) -> None:
        """Where no topology tells it, what packets passed between two nodes counts as a link."""
        if not self.told:
            self.links += [Link("seen", a, b) for a, b in dict.fromkeys(steps) if a[0] != b[0]]

    def described(self) -> dict[str, Any]:
        """Its nodes, interfaces and links, which name each other by their places in these lists."""
        order = {name: at for at, name in enumerate(self.nodes)}
        return {
            "nodes": [
                {"name": legible(one.name), "kind": one.kind, "host": order.get(one.host, -1)}
                for one in self.nodes.values()
            ],
            "interfaces": [self._interface(one, order) for one in self.interfaces.values()],
            "links": [
                {"kind": link.kind, "a": self.number[link.a], "b": self.number[link.b]}
                for link in self.links
                if link.a in self.number and link.b in self.number
            ],
        }

    def _interface(self, one: Interface, order: dict[str, int]) -> dict[str, Any]:
        said = {"node": order[one.node], "name": legible(one.name)}
        if (one.node, one.name) not in self.told:
            return said
        details = {name: one.details[name] for name in DETAILS if one.details.get(name) not in (None, "")}
        return said | {
            "kind": one.kind, "mac": one.mac, "mtu": one.mtu, "up": one.up, "master": legible(one.master),
            "addresses": list(one.addresses), "details": details,
        }  # fmt: skip


def _tunnels(interfaces: Iterable[Interface], remotes: list[tuple[str, str, str]]) -> list[Link]:
    """VXLAN interfaces of one identifier, where one's remote address is the other's local one."""
    ends: dict[object, list[tuple[Interface, set[str]]]] = {}
    for one in interfaces:
        if one.kind in ("vxlan", "geneve", "gre", "gretap", "ipip") and one.details.get("local"):
            far = {str(one.details[key]) for key in ("group", "group6", "remote") if one.details.get(key)}
            far |= {remote for node, name, remote in remotes if (node, name) == (one.node, one.name)}
            ends.setdefault((one.kind, one.details.get("id")), []).append((one, far))
    return [
        Link("tunnel", (a.node, a.name), (b.node, b.name))
        for group in ends.values()
        for (a, to_a), (b, to_b) in combinations(group, 2)
        if str(b.details["local"]) in to_a or str(a.details["local"]) in to_b
    ]
