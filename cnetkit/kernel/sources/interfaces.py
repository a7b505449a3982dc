"""Interfaces: state, counters, and the links between them.

Sources: rtnetlink(7), linux/if_link.h, linux/ip.h, ip-netns(8).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cnetkit.kernel import links
from cnetkit.kernel.links.kind import no_details
from cnetkit.kernel.links.link import link_header
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, mac, native, string, u32
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Interface, Link

GROUPS = (nl.RTNLGRP_LINK,)
_SETTINGS = {
    nl.IPV4_DEVCONF_FORWARDING: "forwarding",
    nl.IPV4_DEVCONF_RP_FILTER: "rp_filter",
    nl.IPV4_DEVCONF_ACCEPT_LOCAL: "accept_local",
    nl.IPV4_DEVCONF_ROUTE_LOCALNET: "route_localnet",
}
_STATISTICS = ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped")


@dataclass(frozen=True, slots=True)
class InterfaceRow:
    """An interface with its counters, and where its peer or parent is."""

    interface: Interface
    counters: dict[str, int]
    far_index: int
    """The index of its peer or parent; its own index if the kernel omits it; 0 if there is none."""
    far_namespace: int | None
    """The namespace id of that far end, of a tunnel that of its packets; None: the interface's own namespace."""


def dump(stack: Stack, names: Names) -> list[InterfaceRow]:
    """All interfaces of a node. Adds their names to `names`."""
    bodies = stack.netlink.dump(nl.RTM_GETLINK, link_header())
    for body in bodies:  # a master may come after its ports
        note_name(body, names)
    return [read(stack.name, body, names) for body in bodies]


def note_name(body: bytes, names: Names) -> None:
    """Adds the name of the interface in a link message to `names`."""
    names[struct.unpack_from("=i", body, 4)[0]] = string(attributes(body, 16)[nl.IFLA_IFNAME])


def read(node: str, body: bytes, names: Names) -> InterfaceRow:
    """Decodes a link message."""
    hardware, index, flags = struct.unpack_from("=HiI", body, 2)
    values = attributes(body, 16)
    info = attributes(values.get(nl.IFLA_LINKINFO, b""))
    kind = string(info.get(nl.IFLA_INFO_KIND, b"")) or ("loopback" if hardware == nl.ARPHRD_LOOPBACK else "")
    namespace = struct.unpack("=i", values[nl.IFLA_LINK_NETNSID])[0] if nl.IFLA_LINK_NETNSID in values else None
    far_index = native(values[nl.IFLA_LINK]) if nl.IFLA_LINK in values else 0
    if namespace is not None and far_index in (0, index):  # a peer may have the same index; a tunnel means itself
        far_index = 0 if links.kind(kind).joined_by == "tunnel" else index
    master = native(values.get(nl.IFLA_MASTER, b""))
    interface = Interface(
        node=node,
        name=string(values[nl.IFLA_IFNAME]),
        index=index,
        kind=kind,
        mac=mac(values.get(nl.IFLA_ADDRESS, b"")),
        mtu=native(values.get(nl.IFLA_MTU, b"")),
        up=bool(flags & nl.IFF_UP),
        master=names[master] if master else "",
        details=_details(kind, body, info, values) | ({"promiscuous": True} if flags & nl.IFF_PROMISC else {}),
    )
    counters = dict(zip(_STATISTICS, struct.unpack_from("=8Q", values[nl.IFLA_STATS64]), strict=True))
    return InterfaceRow(interface, counters, far_index, namespace)


def _details(kind: str, body: bytes, info: dict[int, bytes], values: dict[int, bytes]) -> dict[str, Any]:
    """The details of its kind, of its master's kind, and its IPv4 settings."""
    read_details = links.kind(kind).details if kind else no_details
    details = read_details(info.get(nl.IFLA_INFO_DATA, b"")) if read_details else _by_pyroute2(body)
    if read_port := links.kind(string(info.get(nl.IFLA_INFO_SLAVE_KIND, b""))).port_details:
        details |= read_port(info.get(nl.IFLA_INFO_SLAVE_DATA, b""))
    inet = attributes(attributes(values.get(nl.IFLA_AF_SPEC, b"")).get(socket.AF_INET, b"")).get(nl.IFLA_INET_CONF, b"")
    for place, name in _SETTINGS.items():
        if len(inet) >= 4 * place:
            details[name] = struct.unpack_from("=i", inet, 4 * place - 4)[0]
    return details


def _by_pyroute2(body: bytes) -> dict[str, Any]:
    """The details of a kind without a decoder of our own."""
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg  # type: ignore[import-untyped]

    message = ifinfmsg(struct.pack("=IHHII", 16 + len(body), nl.RTM_NEWLINK, 0, 0, 0) + body)
    message.decode()
    data = message.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA")
    values = (
        {} if not data or isinstance(data, str) else dict(data["attrs"])
    )  # a string if pyroute2 does not know the kind
    return {
        key.split("_", 2)[-1].lower(): value
        for key, value in values.items()
        if isinstance(value, (int, str, float, bool))
    }


def namespace_id(stack: Stack, target: Stack) -> int:
    """The id of the namespace of `target` in `stack` (ip-netns(8), list-id); -1 if it has none."""
    body = stack.netlink.ask(nl.RTM_GETNSID, bytes(4) + u32(nl.NETNSA_FD, target.fd))
    return int(struct.unpack("=i", attributes(body, 4)[nl.NETNSA_NSID])[0]) if body else -1


def joins(interfaces: Iterable[Interface]) -> Iterable[Link]:
    """The topology's links: one for each pair, one from each child to its parent, one from each port to its bridge."""
    for interface in interfaces:
        end, kind = (interface.node, interface.name), links.kind(interface.kind)
        if interface.peer and (not kind.pair or end < interface.peer):
            yield Link(kind.joined_by, end, interface.peer)
        if interface.master:
            yield Link("bridge", end, (interface.node, interface.master))
