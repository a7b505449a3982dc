"""The topology of a sandbox as the kernel tells it now. It changes nothing.

Each node is read in its own namespace; what joins two namespaces is found by the kernel's namespace ids.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import replace

from cnetkit.kernel import netfilter, tables, verdicts
from cnetkit.kernel.links import link_body
from cnetkit.kernel.netlink import attributes, u32
from cnetkit.kernel.stacks import Stack, Stacks
from cnetkit.model import (
    Chain,
    Connection,
    ForwardingEntry,
    Interface,
    Link,
    Neighbour,
    Node,
    PolicyRule,
    Route,
    Rule,
    Topology,
)

_GETLINK, _GETADDR, _GETROUTE, _GETNEIGH, _GETRULE, _GETNSID = 18, 22, 26, 30, 34, 90
_CT_GET = (1 << 8) | 1
_TRACKED = ("invalid", "insert_failed", "drop", "early_drop")
_STATISTICS_FILES = ("/proc/net/snmp", "/proc/net/netstat", "/proc/net/snmp6")


class Names(dict[int, str]):
    """The names of one node's interfaces by number; asks the kernel for those that it does not know yet."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, index: int) -> str:
        self._stack.enter()
        try:
            self[index] = socket.if_indextoname(index)
        except OSError:
            return f"if{index}"
        return self[index]


def snapshot(stacks: Stacks) -> Topology:
    """Everything that can decide over a packet's way, in all nodes."""
    found = _Snapshot(stacks)
    for stack in stacks.values():
        found.read(stack)
    interfaces = tuple(found.joined())
    return Topology(
        time_ns=time.time_ns(),
        nodes=tuple(stack.node() for stack in stacks.values()),
        interfaces=interfaces,
        links=tuple(_links(interfaces)),
        routes=tuple(found.routes),
        policy_rules=tuple(found.policy_rules),
        neighbours=tuple(found.neighbours),
        forwarding=tuple(found.forwarding),
        chains=tuple(chain for stack in stacks.values() for chain in found.netfilter[stack.name][0]),
        rules=tuple(rule for stack in stacks.values() for rule in found.netfilter[stack.name][1]),
        connections=tuple(found.connections),
        counters=found.counters,
    )


def network(stacks: Stacks) -> Topology:
    """What a picture shows, a fraction of a snapshot: nodes, interfaces and their counters, links, and where VXLANs lead."""
    found = _Snapshot(stacks)
    for stack in stacks.values():
        names = found.read_interfaces(stack)
        kinds = {one.kind for index in names if (one := found.interfaces.get((stack.name, index)))}
        if "vxlan" in kinds:
            found.read_forwarding(stack, names)
    interfaces = tuple(found.joined())
    return Topology(
        time_ns=time.time_ns(),
        nodes=tuple(Node(stack.name, stack.kind, stack.host, stack.inode) for stack in stacks.values()),
        interfaces=interfaces,
        links=tuple(_links(interfaces)),
        forwarding=tuple(found.forwarding),
        counters=found.counters,
    )


class _Snapshot:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.interfaces: dict[tuple[str, int], Interface] = {}
        self.others: dict[tuple[str, int], tuple[int, int | None]] = {}
        self.routes: list[Route] = []
        self.policy_rules: list[PolicyRule] = []
        self.neighbours: list[Neighbour] = []
        self.forwarding: list[ForwardingEntry] = []
        self.netfilter: dict[str, tuple[tuple[Chain, ...], tuple[Rule, ...]]] = {}
        self.connections: list[Connection] = []
        self.counters: dict[str, dict[str, int]] = {}

    def read(self, stack: Stack) -> None:
        """Reads one node."""
        counters = _counters(stack)
        names = self.read_interfaces(stack)
        node, ask = stack.name, stack.netlink.dump
        families = (socket.AF_INET, socket.AF_INET6) if stack.ipv6 else (socket.AF_INET,)
        for family in families:
            head = bytes([family])
            self.routes += [tables.route(node, body, names.__getitem__) for body in ask(_GETROUTE, head + bytes(11))]
            self.policy_rules += [tables.policy(node, body) for body in ask(_GETRULE, head + bytes(11))]
            self._neighbours(node, ask(_GETNEIGH, head + bytes(11)), names)
        kinds = {interface.kind for (owner, _), interface in self.interfaces.items() if owner == node}
        if kinds & {"bridge", "vxlan"}:
            self.read_forwarding(stack, names)
        self.netfilter[node] = netfilter.rules(stack)
        if self.netfilter[node][0]:
            self.connections += connections(stack)
        self.counters[node] = counters | self.counters[node]

    def read_interfaces(self, stack: Stack) -> Names:
        """Reads one node's interfaces, their addresses and counters. The names by number."""
        node, ask, names = stack.name, stack.netlink.dump, Names(stack)
        counters: dict[str, int] = {}
        bodies = ask(_GETLINK, link_body())
        for body in bodies:  # a master may stand after its ports
            names[struct.unpack_from("=i", body, 4)[0]] = attributes(body, 16)[3].rstrip(b"\0").decode(errors="replace")
        for body in bodies:
            interface, statistics, other, elsewhere = tables.link(node, body, names.__getitem__)
            self.interfaces[node, interface.index] = interface
            if other:
                self.others[node, interface.index] = other, elsewhere
            counters |= {f"{interface.name}.{name}": value for name, value in statistics.items() if value}
        self._addresses(node, ask(_GETADDR, bytes(8)))
        self.counters[node] = counters
        return names

    def read_forwarding(self, stack: Stack, names: Names) -> None:
        """Reads one node's forwarding databases."""
        head = bytes([socket.AF_BRIDGE]) + bytes(11)
        self._neighbours(stack.name, stack.netlink.dump(_GETNEIGH, head), names)

    def _addresses(self, node: str, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            index, cidr = tables.address(body)
            if (interface := self.interfaces.get((node, index))) is not None:
                self.interfaces[node, index] = replace(interface, addresses=(*interface.addresses, cidr))

    def _neighbours(self, node: str, bodies: Iterable[bytes], names: Names) -> None:
        for body in bodies:
            match tables.neighbour(node, body, names.__getitem__):
                case Neighbour() as entry if "NOARP" not in entry.state:
                    self.neighbours.append(entry)
                case ForwardingEntry() as entry:
                    self.forwarding.append(entry)

    def joined(self) -> Iterable[Interface]:
        """The interfaces, each with its peer where the peer's node is one of ours."""
        for (node, index), interface in self.interfaces.items():
            other, elsewhere = self.others.get((node, index), (0, None))
            owner = node if elsewhere is None else self._owner(node, index, other, elsewhere)
            peer = self.interfaces.get((owner, other)) if owner else None
            yield replace(interface, peer=(peer.node, peer.name)) if peer else interface

    def _owner(self, node: str, index: int, other: int, namespace: int) -> str:
        """The node whose namespace has the id `namespace` in `node`."""
        stack = self.stacks[node]
        known = stack.neighbours
        if namespace not in known:
            asked = set(known.values())
            near = self.stacks.get(stack.host, stack)  # a container's peer is its host, mostly
            for one in (near, *self.stacks.values()):
                if namespace not in known and one.name not in asked:
                    known[_namespace_id(stack, one)] = one.name  # -1: none of the kernel's numbers
            known.setdefault(namespace, "")
        return known[namespace] if known[namespace] in self.stacks else ""


def _namespace_id(stack: Stack, other: Stack) -> int:
    """The number by which `stack` knows the namespace of `other` (ip-netns(8), list-id); -1 where it has none."""
    body = stack.netlink.one(_GETNSID, bytes(4) + u32(3, other.fd))
    return int(struct.unpack("=i", attributes(body, 4)[1])[0]) if body else -1


def _links(interfaces: Iterable[Interface]) -> Iterable[Link]:
    for one in interfaces:
        here = (one.node, one.name)
        if one.peer and (one.kind != "veth" or here < one.peer):
            yield Link({"veth": "veth", "macvlan": "macvlan"}.get(one.kind, "tunnel"), here, one.peer)
        if one.master:
            yield Link("bridge", here, (one.node, one.master))


def connections(stack: Stack) -> list[Connection]:
    """The conntrack table of a node. Reading it walks the table of all namespaces, which takes long even for one that has
    no entries: that one is not read."""
    if stack.sysctl("net.netfilter.nf_conntrack_count") == "0":
        return []
    return [verdicts.connection(stack.name, body) for body in stack.filter.dump(_CT_GET, bytes(4))]


def _counters(stack: Stack) -> dict[str, int]:
    """The node's own counters: `Ip.InNoRoutes`, `TcpExt.ListenDrops`, `Ip6.InNoRoutes`, ... (proc(5))."""
    stack.enter()
    found: dict[str, int] = {}
    for path in _STATISTICS_FILES:
        try:
            with open(path, encoding="ascii") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        if path.endswith("6"):
            found |= {f"Ip6.{name.removeprefix('Ip6')}": int(value) for name, value in map(str.split, lines)}
            continue
        for heads, values in zip(lines[::2], lines[1::2], strict=True):
            prefix, *names = heads.split()
            found |= {f"{prefix}{name}": int(value) for name, value in zip(names, values.split()[1:], strict=True)}
    found |= _tracking()
    return {name.replace(":", "."): value for name, value in found.items() if value}


def _tracking() -> dict[str, int]:
    """Connection tracking's counters, of all processors: `conntrack.drop`, `conntrack.insert_failed`, ..."""
    try:
        with open("/proc/net/stat/nf_conntrack", encoding="ascii") as file:
            names, *rows = (line.split() for line in file)
    except (OSError, ValueError):
        return {}
    sums = [sum(int(row[at], 16) for row in rows) for at in range(len(names))]
    return {f"conntrack.{name}": value for name, value in zip(names, sums, strict=True) if name in _TRACKED}
