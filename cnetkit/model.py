"""The nouns of cnetkit, as frozen dataclasses that hold what was seen and nothing else.

Nothing here does I/O, asks the kernel, or imports anything but the standard library. Every other room imports this one.
What each noun means, and to whom, stands in docs/ARCHITECTURE.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["in", "out", "unknown"]
NodeKind = Literal["host", "router", "container", "pod"]
OutcomeKind = Literal["delivered", "consumed", "dropped", "lost-from-sight", "ambiguous"]
Strength = Literal["kernel", "table", "inferred"]


class CnetkitError(Exception):
    """What a user did or has does not work; the message is one sentence saying what is wrong and what to do."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it (IPython asks for this name): the sentence, and no traceback through the library."""
        return [f"{type(self).__name__}: {self}"]


# --- Topology: a snapshot of the network, as the kernel told it ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    """One named network stack. `host` names the node it is placed in (a container's Docker host), or is empty."""

    name: str
    kind: NodeKind = "host"
    host: str = ""
    namespace: int = 0
    """The inode number of its network namespace (`readlink /proc/PID/ns/net`)."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    """The settings that decide over a packet's way, such as `net.ipv4.ip_forward`."""


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
    """(node, ifname) of the other end of a veth pair, or of a macvlan's or VXLAN's parent, where it is known."""
    addresses: tuple[str, ...] = ()
    """In CIDR form: `172.17.0.2/16`."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What is particular to its kind: a VXLAN's `id`, `local`, `port`; a bridge port's `hairpin`, `isolated` and `state`
    (linux/if_bridge.h, BR_STATE_*); and of its IPv4 settings `forwarding`, `rp_filter`, `accept_local`, `route_localnet`."""


@dataclass(frozen=True, slots=True)
class Link:
    """What joins two interfaces: `veth` (a pair), `bridge` (a = the port, b = its bridge), `tunnel`, `macvlan`."""

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
    """The route as ip-route(8) words it."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """An entry of the routing policy database (ip-rule(8)): it chooses the routing table."""

    node: str
    priority: int
    table: int
    family: int = 4
    text: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What ARP, or IPv6 neighbour discovery, found out: which MAC address has this address."""

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
    """The port behind which `mac` was seen."""
    mac: str
    bridge: str = ""
    remote: str = ""
    """A VXLAN's remote tunnel endpoint, or empty."""
    permanent: bool = False
    vlan: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """A netfilter chain. A base chain has a hook (prerouting, ...), a priority and a policy; others have none."""

    node: str
    family: str
    table: str
    name: str
    hook: str = ""
    priority: int = 0
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A netfilter rule, worded by the tool that laid it: `iptables -S` for iptables' own rules, nft for all others."""

    node: str
    family: str
    table: str
    chain: str
    handle: int
    text: str
    tool: Literal["iptables", "nft"] = "nft"


@dataclass(frozen=True, slots=True)
class Tuple5:
    """One direction of a connection. For ICMP, both ports hold the echo identifier."""

    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """A conntrack entry: how the connection began, and what its replies look like when they come in."""

    node: str
    id: int
    protocol: str
    """tcp, udp, icmp, icmpv6, or the protocol's number."""
    original: Tuple5
    reply: Tuple5
    status: tuple[str, ...] = ()
    """The kernel's words (enum ip_conntrack_status): assured, confirmed, src-nat, dst-nat, seen-reply, dying, ..."""
    state: str = ""
    """TCP's state as conntrack(8) names it: SYN_SENT, ESTABLISHED, ..."""
    text: str = ""
    """The entry as conntrack(8) words it."""


@dataclass(frozen=True, slots=True)
class Topology:
    """An immutable snapshot of everything that can decide over a packet's way, at one time."""

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


# --- Events: what the kernel said besides ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """One step of `nft monitor trace`: what a rule, or a base chain's policy, decided over one packet."""

    trace_id: int
    """The same for all steps of one packet in one node."""
    family: str
    table: str
    chain: str
    handle: int
    """0 where no rule but the chain's policy or its end decided."""
    type: Literal["rule", "return", "policy"]
    verdict: str
    """accept, drop, continue, return, stolen, queue, `jump CHAIN` or `goto CHAIN`."""
    incoming: str = ""
    outgoing: str = ""
    """The names of the interfaces, where the hook has them."""
    link_header: bytes = b""
    network_header: bytes = b""
    transport_header: bytes = b""
    """The packet's first bytes as they were when it entered the base chain; only on that chain's first step."""
    connection: int = 0
    """The conntrack entry's id, on kernels that say it (6.16 and later); else 0."""


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` and the type of `subject` belong together, as SUBJECTS says.

    `time_ns` is when the agent read the message, on the frames' clock: the kernel stamps none of these itself.
    """

    time_ns: int
    node: str
    kind: str
    action: Literal["verdict", "new", "update", "destroy"]
    subject: Any


SUBJECTS: Mapping[str, type] = {
    "verdict": Verdict,
    "connection": Connection,
    "interface": Interface,
    "route": Route,
    "neighbour": Neighbour,
    "forwarding": ForwardingEntry,
    "rules": Topology,
}
"""What an event of each kind is about. `rules`: that node's new chains and rules, as a Topology."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What the kernel, or the agent, could not keep: counted, and always shown."""

    node: str
    what: str
    """`frames` (the ring was full), or `events` (a netlink socket overran; how many were in it is not known)."""
    count: int


# --- Journeys: what the engine made of it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """`field` is named as Wireshark names it: eth.src, eth.dst, ip.src, ip.dst, ip.ttl, tcp.dstport, ..."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The kernel's own words for why a hop happened.

    `kind`: nft-rule, conntrack, route, neighbour, forwarding-entry, link, order, ...
    `source`: where it was read: `ip nat DOCKER handle 5`, `dock table main`, `docker0`.
    `strength`: `kernel`, it was said of this very packet; `table`, it stood in a table valid at that time; `inferred`,
    from frames alone.
    """

    kind: str
    quote: str
    source: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class Hop:
    """A frame's place in a journey. `parent` is the number of the frame it came from, None for the first."""

    frame: int
    parent: int | None
    node: str
    interface: str
    direction: Direction
    time_ns: int
    changes: tuple[Change, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    clock_ns: int = 0
    """Where clocks differ, what brings `time_ns` to the clock of the recording's first file."""

    @property
    def moment(self) -> int:
        """`time_ns` by the clock that all hops of a trace share: what gaps between hops are told from."""
        return self.time_ns + self.clock_ns


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a journey ended."""

    kind: OutcomeKind
    where: str
    """node/interface."""
    reason: str = ""
    """Only with evidence: by what it was dropped, what consumed it, why it is ambiguous."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A frame that stands in no journey, and why."""

    frame: int
    reason: str
