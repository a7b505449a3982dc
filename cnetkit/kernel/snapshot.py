"""Reads the topology of a sandbox from all sources. It changes nothing.

Each node is read in its own namespace. Links between namespaces are resolved through the kernel's namespace ids.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import replace

from cnetkit.kernel import links
from cnetkit.kernel.sources import (
    addresses,
    conntrack,
    counters,
    forwarding,
    interfaces,
    legacy,
    neighbours,
    nft,
    policy_rules,
    qdiscs,
    routes,
)
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack, Stacks
from cnetkit.model import (
    Chain,
    Connection,
    ForwardingEntry,
    Interface,
    LegacyRule,
    Neighbour,
    Node,
    PolicyRule,
    Route,
    Rule,
    Topology,
)


def snapshot(stacks: Stacks) -> Topology:
    """Everything that can influence a packet's path, in all nodes."""
    tables = _Tables(stacks)
    for stack in stacks.values():
        tables.read(stack)
    return tables.topology(stacks.values(), tables.joined())


def network(stacks: Stacks) -> Topology:
    """What a picture of the network shows, a small part of a snapshot: nodes, interfaces with counters, links, and the forwarding
    entries of VXLANs."""
    tables = _Tables(stacks)
    for stack in stacks.values():
        names = tables.read_interfaces(stack)
        if "vxlan" in tables.kinds(stack, names):
            tables.forwarding += forwarding.dump(stack, names)
    joined = tuple(tables.joined())
    return Topology(
        time_ns=time.time_ns(),
        nodes=tuple(Node(stack.name, stack.kind, stack.host, stack.inode) for stack in stacks.values()),
        interfaces=joined,
        links=tuple(interfaces.joins(joined)),
        forwarding=tuple(tables.forwarding),
        counters=tables.counters,
    )


def appearance(stacks: Stacks, stack: Stack) -> Topology:
    """A node that has appeared, alone, and of its host the interfaces that it is joined with. Quick: it may soon be gone."""
    tables = _Tables(stacks)
    tables.read(stack)
    if stack.host in stacks:
        tables.read_interfaces(stacks[stack.host])
    return tables.topology([stack], [i for i in tables.joined() if stack.name in (i.node, (i.peer or ("",))[0])])


class _Tables:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.interfaces: dict[tuple[str, int], Interface] = {}
        self.far_ends: dict[tuple[str, int], tuple[int, int | None]] = {}
        """For each interface with a peer or parent: the index and the namespace id of that far end."""
        self.routes: list[Route] = []
        self.policy_rules: list[PolicyRule] = []
        self.neighbours: list[Neighbour] = []
        self.forwarding: list[ForwardingEntry] = []
        self.netfilter: dict[str, tuple[tuple[Chain, ...], tuple[Rule, ...]]] = {}
        self.connections: list[Connection] = []
        self.legacy_rules: list[LegacyRule] = []
        self.counters: dict[str, dict[str, int]] = {}

    def topology(self, stacks: Iterable[Stack], joined: Iterable[Interface]) -> Topology:
        """What was read of some nodes, with these interfaces."""
        shown, nodes = tuple(joined), list(stacks)
        return Topology(
            time_ns=time.time_ns(),
            nodes=tuple(stack.node() for stack in nodes),
            interfaces=shown,
            links=tuple(interfaces.joins(shown)),
            routes=tuple(self.routes),
            policy_rules=tuple(self.policy_rules),
            neighbours=tuple(self.neighbours),
            forwarding=tuple(self.forwarding),
            chains=tuple(chain for stack in nodes for chain in self.netfilter[stack.name][0]),
            rules=tuple(rule for stack in nodes for rule in self.netfilter[stack.name][1]),
            connections=tuple(self.connections),
            counters=self.counters,
            legacy_rules=tuple(self.legacy_rules),
        )

    def read(self, stack: Stack) -> None:
        """Reads one node."""
        own_counters = counters.dump(stack)
        names = self.read_interfaces(stack)
        for family in (socket.AF_INET, socket.AF_INET6) if stack.ipv6 else (socket.AF_INET,):
            self.routes += routes.dump(stack, family, names)
            self.policy_rules += policy_rules.dump(stack, family)
            self.neighbours += neighbours.dump(stack, family, names)
        if self.kinds(stack, names) & forwarding.KINDS:
            self.forwarding += forwarding.dump(stack, names)
        self.netfilter[stack.name] = nft.dump(stack)
        if self.netfilter[stack.name][0]:
            self.connections += conntrack.dump(stack)
        self.legacy_rules += legacy.dump(stack)
        self.counters[stack.name] = (
            own_counters | nft.counters(stack) | qdiscs.dump(stack, names) | self.counters[stack.name]
        )

    def read_interfaces(self, stack: Stack) -> Names:
        """Reads a node's interfaces with their addresses and counters. Returns the interface names by index."""
        node, names = stack.name, Names(stack)
        own_counters: dict[str, int] = {}
        for row in interfaces.dump(stack, names):
            self.interfaces[node, row.interface.index] = row.interface
            if row.far_index or row.far_namespace is not None:
                self.far_ends[node, row.interface.index] = row.far_index, row.far_namespace
            own_counters |= {f"{row.interface.name}.{name}": value for name, value in row.counters.items() if value}
        for index, cidr in addresses.dump(stack):
            if (interface := self.interfaces.get((node, index))) is not None:
                self.interfaces[node, index] = replace(interface, addresses=(*interface.addresses, cidr))
        self.counters[node] = own_counters
        return names

    def kinds(self, stack: Stack, names: Names) -> set[str]:
        """The kinds of a node's interfaces."""
        interfaces_ = (self.interfaces.get((stack.name, index)) for index in names)
        return {interface.kind for interface in interfaces_ if interface}

    def joined(self) -> Iterable[Interface]:
        """The interfaces, each with its peer if the peer is in a node of this lab."""
        for (node, index), interface in self.interfaces.items():
            far_index, namespace = self.far_ends.get((node, index), (0, None))
            owner = node if namespace is None else self._owner(node, namespace)
            peer = self.interfaces.get((owner, far_index)) if owner else None
            moved = owner and owner != node and links.kind(interface.kind).joined_by == "tunnel"
            details = {**interface.details, "underlay_node": owner} if moved else interface.details
            yield replace(interface, peer=(peer.node, peer.name) if peer else None, details=details)

    def _owner(self, node: str, namespace: int) -> str:
        """The node whose namespace has the id `namespace` in `node`."""
        stack = self.stacks[node]
        ids = stack.namespace_ids
        if namespace not in ids:
            asked = set(ids.values())
            near = self.stacks.get(stack.host, stack)  # the peer of a container is usually in its host
            for candidate in (near, *self.stacks.values()):
                if namespace not in ids and candidate.name not in asked:
                    ids[interfaces.namespace_id(stack, candidate)] = candidate.name
            ids.pop(-1, None)  # it has no id there yet
            ids.setdefault(namespace, "")
        return ids[namespace] if ids[namespace] in self.stacks else ""
