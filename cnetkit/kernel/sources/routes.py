"""Routes, with the text that ip-route(8) prints. Sources: rtnetlink(7), linux/rtnetlink.h."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, ip, native
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Route

GROUPS = (nl.RTNLGRP_IPV4_ROUTE, nl.RTNLGRP_IPV6_ROUTE)
TABLES = {nl.RT_TABLE_DEFAULT: "default", nl.RT_TABLE_MAIN: "main", nl.RT_TABLE_LOCAL: "local"}
_TYPES = dict(enumerate(("unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole",
                         "unreachable", "prohibit", "throw", "nat")))  # fmt: skip
_PROTOCOLS = {0: "", 1: "redirect", 2: "kernel", 3: "", 4: "static", 9: "ra", 12: "bird", 16: "dhcp", 186: "bgp"}
_SCOPES = {0: "", 200: "site", 253: "link", 254: "host", 255: "nowhere"}


def dump(stack: Stack, family: int, names: Names) -> list[Route]:
    """The routes of a node for an address family."""
    bodies = stack.netlink.dump(nl.RTM_GETROUTE, bytes([family]) + bytes(11))
    return [read(stack.name, body, names) for body in bodies]


def read(node: str, body: bytes, names: Names) -> Route:
    """Decodes a route message."""
    family, length, _, _, table, protocol, scope, kind = struct.unpack_from("=8B", body)
    values = attributes(body, 12)
    table = native(values.get(nl.RTA_TABLE, b"")) or table
    everywhere = "0.0.0.0" if family == socket.AF_INET else "::"  # noqa: S104
    target = f"{ip(values[nl.RTA_DST]) if nl.RTA_DST in values else everywhere}/{length}"
    shown = "default" if length == 0 else target.removesuffix("/32" if family == socket.AF_INET else "/128")
    via = ip(values[nl.RTA_GATEWAY]) if nl.RTA_GATEWAY in values else ""
    interface = names[native(values[nl.RTA_OIF])] if nl.RTA_OIF in values else ""
    source = ip(values[nl.RTA_PREFSRC]) if nl.RTA_PREFSRC in values else ""
    type_ = _TYPES.get(kind, str(kind))
    metric = native(values.get(nl.RTA_PRIORITY, b""))
    protocol_name, scope_name = _PROTOCOLS.get(protocol, str(protocol)), _SCOPES.get(scope, str(scope))
    words = [] if type_ == "unicast" else [type_]
    words.append(shown)
    words += ["via", via] if via else []
    words += ["dev", interface] if interface else []
    words += ["table", TABLES.get(table, str(table))] if table != nl.RT_TABLE_MAIN else []
    words += ["proto", protocol_name] if protocol_name else []
    words += ["scope", scope_name] if scope_name else []
    words += ["src", source] if source else []
    words += ["metric", str(metric)] if metric else []
    metrics = attributes(values.get(nl.RTA_METRICS, b""))
    mtu = native(metrics.get(nl.RTAX_MTU, b""))
    words += (
        ["mtu", *(["lock"] if native(metrics.get(nl.RTAX_LOCK, b"")) >> nl.RTAX_MTU & 1 else []), str(mtu)]
        if mtu
        else []
    )
    hops = [] if via or interface else list(_next_hops(values.get(nl.RTA_MULTIPATH, b""), names))
    for hop_via, hop_interface, weight in hops:
        words += ["nexthop", *(["via", hop_via] if hop_via else []), "dev", hop_interface, "weight", str(weight)]
    return Route(
        node=node,
        destination="default" if length == 0 else target,
        via=via,
        interface=interface,
        source=source,
        table=table,
        type=type_,
        metric=metric,
        mtu=mtu,
        protocol=protocol_name,
        scope=scope_name,
        text=" ".join(words),
        hops=tuple((hop_via, hop_interface) for hop_via, hop_interface, _ in hops),
    )


def _next_hops(value: bytes, names: Names) -> Iterator[tuple[str, str, int]]:
    """The next hops of a multipath route: gateway, interface and weight (struct rtnexthop)."""
    at = 0
    while at + 8 <= len(value):
        size, _, weight, index = struct.unpack_from("=HBBi", value, at)
        if size < 8 or at + size > len(value):
            return
        inside = attributes(value[: at + size], at + 8)
        via = ip(inside[nl.RTA_GATEWAY]) if nl.RTA_GATEWAY in inside else ""
        if nl.RTA_VIA in inside:  # of another family: struct rtvia
            via = ip(inside[nl.RTA_VIA][2:])
        yield via, names[index], weight + 1
        at += (size + 3) & ~3
