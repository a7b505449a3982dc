"""A snapshot of the network: nodes, interfaces, links and every table that decides where a packet goes.

Frozen dataclasses without behaviour. Nothing here does I/O or imports anything outside the standard library.
Sources: rtnetlink(7), ip-route(8), ip-rule(8), bridge(8), linux/if_bridge.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cnetkit.model.netfilter import Chain, Connection, LegacyRule, Rule

NodeKind = Literal["host", "router", "container", "pod"]


@dataclass(frozen=True, slots=True)
class Node:
    """A named network stack. `host` is the node it runs in (a container's Docker host), or empty."""

    name: str
    kind: NodeKind = "host"
    host: str = ""
    namespace: int = 0
    """The inode number of its network namespace (`readlink /proc/PID/ns/net`)."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    """Settings that affect a packet's path, such as `net.ipv4.ip_forward`."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One end of a link, in one node."""

    node: str
    name: str
    index: int = 0
    kind: str = ""
    """The kernel's link kind: veth, bridge, vxlan, macvlan, loopback, ... (rtnetlink(7), IFLA_INFO_KIND)."""
    mac: str = ""
    mtu: int = 0
    up: bool = False
    master: str = ""
    """The bridge it is a port of, or empty."""
    peer: tuple[str, str] | None = None
    """(node, ifname) of the other end of a veth pair, or of the parent of a macvlan or VXLAN, if known."""
    addresses: tuple[str, ...] = ()
    """In CIDR form: `172.17.0.2/16`."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Settings particular to its kind: a VXLAN's `id`, `local`, `port`; a bridge port's `hairpin`, `isolated`,
    `locked`, `flood` and `state` (linux/if_bridge.h, BR_STATE_*); a bridge's `vlan_filtering` if it is on; and of its IPv4
    settings `forwarding`, `rp_filter`, `accept_local`, `route_localnet`. `promiscuous` if it is set to take every frame, as
    programs that switch do it; capturing sets no such flag."""


@dataclass(frozen=True, slots=True)
class Link:
    """A connection of two interfaces: `veth` (a pair), `bridge` (a = the port, b = its bridge), `tunnel`, or `macvlan`, `ipvlan`
    and `vlan` (a stands on b)."""

    kind: str
    a: tuple[str, str]
    b: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of a routing table."""

    node: str
    destination: str
    """`default` or a prefix in CIDR form."""
    via: str = ""
    interface: str = ""
    source: str = ""
    table: int = 254
    type: str = "unicast"
    metric: int = 0
    protocol: str = ""
    scope: str = ""
    text: str = ""
    """The route as ip-route(8) prints it."""
    hops: tuple[tuple[str, str], ...] = ()
    """The next hops of a multipath route, each (via, interface); its own `via` and `interface` are empty then."""
    mtu: int = 0
    """The route's own MTU; 0 if it has none, and its link's holds."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """An entry of the routing policy database (ip-rule(8)): it selects a routing table."""

    node: str
    priority: int
    table: int
    family: int = 4
    text: str = ""
    """The rule as ip-rule(8) prints it, for quoting."""
    action: str = ""
    """lookup, blackhole, unreachable, prohibit, goto or nop. Empty in a recording made before version 0.2: see
    `cnetkit.rules.completed_policy`."""
    source: str = ""
    """The prefix that a packet's source must be in; empty for any."""
    destination: str = ""
    """The prefix that its destination must be in; empty for any."""
    selectors: tuple[str, ...] = ()
    """Other selectors, by ip-rule(8)'s names: fwmark, iif, oif, not, tos, uidrange, ipproto, sport, dport, ..."""
    values: tuple[tuple[str, str], ...] = ()
    """These selectors with their values, as ip-rule(8) prints them; empty in a recording made before version 0.3."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A result of ARP or IPv6 neighbour discovery: the MAC address for an IP address."""

    node: str
    interface: str
    address: str
    mac: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class ForwardingEntry:
    """One line of a bridge's or VXLAN's forwarding database (bridge(8) fdb)."""

    node: str
    interface: str
    """The port that leads to `mac`."""
    mac: str
    bridge: str = ""
    remote: str = ""
    """A VXLAN's remote tunnel endpoint, or empty."""
    permanent: bool = False
    vlan: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Topology:
    """An immutable snapshot of everything that can affect a packet's path, at one time."""

    time_ns: int = 0
    nodes: tuple[Node, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    links: tuple[Link, ...] = ()
    routes: tuple[Route, ...] = ()
    policy_rules: tuple[PolicyRule, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    forwarding: tuple[ForwardingEntry, ...] = ()
    chains: tuple[Chain, ...] = ()
    rules: tuple[Rule, ...] = ()
    connections: tuple[Connection, ...] = ()
    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """For each node the kernel's own counters, such as `Ip.InNoRoutes` (/proc/net/snmp) or `eth0.rx_dropped`."""
    legacy_rules: tuple[LegacyRule, ...] = ()
    """Rules of iptables-legacy; empty in a recording made before version 0.3."""
