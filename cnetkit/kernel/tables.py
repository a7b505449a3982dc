"""rtnetlink's messages, read as the model's nouns: links, addresses, routes, neighbours, forwarding entries, routing rules.

It decodes and asks nothing. Sources: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, linux/neighbour.h, linux/fib_rules.h.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from cnetkit.kernel.netlink import attributes
from cnetkit.model import ForwardingEntry, Interface, Neighbour, PolicyRule, Route

Name = Callable[[int], str]
"""The name of the interface with this number, or `ifN`."""

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER, _IFLA_LINKINFO = 1, 3, 4, 10, 18
_IFLA_LINK, _IFLA_LINK_NETNSID, _IFLA_STATS64 = 5, 37, 23
_IFLA_AF_SPEC = 26
_PORT = {1: "state", 4: "hairpin", 33: "isolated"}  # IFLA_BRPORT_*
_SETTINGS = {1: "forwarding", 8: "rp_filter", 23: "accept_local", 26: "route_localnet"}  # linux/ip.h, IPV4_DEVCONF_*
_ACTIONS = {
    1: "lookup",
    2: "goto",
    3: "nop",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}  # linux/fib_rules.h, FR_ACT_*
_SELECTORS = {10: "fwmark", 3: "iif", 17: "oif", 12: "tun_id", 19: "l3mdev", 20: "uidrange", 22: "ipproto", 23: "sport",
              24: "dport", 13: "suppress_ifgroup", 14: "suppress_prefixlength"}  # fmt: skip
"""linux/fib_rules.h, FRA_*, as ip-rule(8) names them."""
_INVERT = 0x2  # FIB_RULE_INVERT
_IP_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp"}
_NO_SUPPRESS = b"\xff" * 4
_LOOPBACK = 772
_ROUTE_TYPES = dict(enumerate(("unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole",
                               "unreachable", "prohibit", "throw", "nat")))  # fmt: skip
_PROTOCOLS = {0: "", 1: "redirect", 2: "kernel", 3: "", 4: "static", 9: "ra", 12: "bird", 16: "dhcp", 186: "bgp"}
_SCOPES = {0: "", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
_TABLES = {253: "default", 254: "main", 255: "local"}
_STATES = {0x01: "INCOMPLETE", 0x02: "REACHABLE", 0x04: "STALE", 0x08: "DELAY", 0x10: "PROBE", 0x20: "FAILED",
           0x40: "NOARP", 0x80: "PERMANENT"}  # fmt: skip
_STATISTICS = ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped")


def mac(value: bytes) -> str:
    """`02:42:ac:11:00:02` for its six bytes."""
    return value.hex(":") if len(value) == 6 else ""


def ip(value: bytes) -> str:
    """An address in its usual form."""
    return socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value)


def _number(found: dict[int, bytes], kind: int) -> int:
    return int(struct.unpack("=I", found[kind][:4])[0]) if kind in found else 0


def link(node: str, body: bytes, name: Name) -> tuple[Interface, dict[str, int], int, int | None]:
    """A link message: the interface, its counters, the number of its peer or parent (its own where the kernel leaves it
    out, 0 where there is none) and the id of the peer's namespace, if that is another one."""
    hardware, index, flags = struct.unpack_from("=HiI", body, 2)
    found = attributes(body, 16)
    info = attributes(found.get(_IFLA_LINKINFO, b""))
    kind = info.get(1, b"").rstrip(b"\0").decode(errors="replace") or ("loopback" if hardware == _LOOPBACK else "")
    elsewhere = struct.unpack("=i", found[_IFLA_LINK_NETNSID])[0] if _IFLA_LINK_NETNSID in found else None
    other = _number(found, _IFLA_LINK) if _IFLA_LINK in found else (index if elsewhere is not None else 0)
    details: dict[str, Any] = _details(kind, body)
    master = _number(found, _IFLA_MASTER)
    if info.get(4, b"").rstrip(b"\0") == b"bridge":
        port = attributes(info.get(5, b""))
        details |= {name: port[kind][0] for kind, name in _PORT.items() if kind in port}
        details["hairpin"] = bool(details.get("hairpin"))
    inet = attributes(attributes(found.get(_IFLA_AF_SPEC, b"")).get(socket.AF_INET, b"")).get(1, b"")
    details |= {
        name: struct.unpack_from("=i", inet, 4 * at - 4)[0] for at, name in _SETTINGS.items() if len(inet) >= 4 * at
    }
    interface = Interface(
        node=node,
        name=found[_IFLA_IFNAME].rstrip(b"\0").decode(errors="replace"),
        index=index,
        kind=kind,
        mac=mac(found.get(_IFLA_ADDRESS, b"")),
        mtu=_number(found, _IFLA_MTU),
        up=bool(flags & 1),
        master=name(master) if master else "",
        details=details,
    )
    counters = dict(zip(_STATISTICS, struct.unpack_from("=8Q", found[_IFLA_STATS64]), strict=True))
    return interface, counters, other, elsewhere


def _details(kind: str, body: bytes) -> dict[str, Any]:
    """What is particular to a tunnel or a child of another link. pyroute2 knows all kinds; it is loaded for these only."""
    if kind in ("", "loopback", "veth", "bridge", "tun"):
        return {}
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg  # type: ignore[import-untyped]

    message = ifinfmsg(struct.pack("=IHHII", 16 + len(body), 16, 0, 0, 0) + body)
    message.decode()
    data = message.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA")
    values = (
        {} if not data or isinstance(data, str) else dict(data["attrs"])
    )  # text where pyroute2 does not know the kind
    return {
        key.split("_", 2)[-1].lower(): value
        for key, value in values.items()
        if isinstance(value, (int, str, float, bool))
    }


def address(body: bytes) -> tuple[int, str]:
    """An address message: the interface's number and the address in CIDR form."""
    prefix = body[1]
    found = attributes(body, 8)
    return struct.unpack_from("=i", body, 4)[0], f"{ip(found.get(2) or found[1])}/{prefix}"


def route(node: str, body: bytes, name: Name) -> Route:
    """A route message, worded as ip-route(8) does it."""
    family, length, _, _, table, protocol, scope, kind = struct.unpack_from("=8B", body)
    found = attributes(body, 12)
    table = _number(found, 15) or table
    everywhere = "0.0.0.0" if family == socket.AF_INET else "::"  # noqa: S104
    target = f"{ip(found[1]) if 1 in found else everywhere}/{length}"
    shown = "default" if length == 0 else target.removesuffix("/32" if family == socket.AF_INET else "/128")
    via = ip(found[5]) if 5 in found else ""
    interface = name(_number(found, 4)) if 4 in found else ""
    source = ip(found[7]) if 7 in found else ""
    type_ = _ROUTE_TYPES.get(kind, str(kind))
    metric = _number(found, 6)
    words = [] if type_ == "unicast" else [type_]
    words.append(shown)
    words += ["via", via] if via else []
    words += ["dev", interface] if interface else []
    words += ["table", _TABLES.get(table, str(table))] if table != 254 else []
    words += ["proto", said] if (said := _PROTOCOLS.get(protocol, str(protocol))) else []
    words += ["scope", said] if (said := _SCOPES.get(scope, str(scope))) else []
    words += ["src", source] if source else []
    words += ["metric", str(metric)] if metric else []
    return Route(
        node=node,
        destination="default" if length == 0 else target,
        via=via,
        interface=interface,
        source=source,
        table=table,
        type=type_,
        metric=metric,
        protocol=_PROTOCOLS.get(protocol, str(protocol)),
        scope=_SCOPES.get(scope, str(scope)),
        text=" ".join(words),
    )


def policy(node: str, body: bytes) -> PolicyRule:
    """A routing rule message, worded as ip-rule(8) does it."""
    family, to_length, from_length, tos, table, _, _, action, flags = struct.unpack_from("=8BI", body)
    found = attributes(body, 12)
    table = _number(found, 15) or table
    priority = _number(found, 6)
    source = f"{ip(found[2])}/{from_length}" if 2 in found else ""
    destination = f"{ip(found[1])}/{to_length}" if 1 in found else ""
    others = {word: _selector(kind, found[kind]) for kind, word in _SELECTORS.items() if kind in found}
    selectors = {word: value for word, value in others.items() if value}
    selectors |= {"not": ""} if flags & _INVERT else {}
    selectors |= {"tos": hex(tos)} if tos else {}
    kind = _ACTIONS.get(action, str(action))
    words = [f"{priority}:", *(["not"] if "not" in selectors else []), "from", source or "all"]
    words += ["to", destination] if destination else []
    words += [part for pair in selectors.items() if pair[0] != "not" for part in pair]
    words += ["lookup", _TABLES.get(table, str(table))] if kind == "lookup" else [kind]
    version = 4 if family == socket.AF_INET else 6
    return PolicyRule(
        node, priority, table, version, " ".join(words), kind, source, destination, tuple(sorted(selectors))
    )


def _selector(kind: int, value: bytes) -> str:
    """A selector's value as ip-rule(8) prints it; empty where the kernel only says that there is none."""
    if kind in (3, 17):
        return value.rstrip(b"\0").decode(errors="replace")
    if kind in (13, 14) and value[:4] == _NO_SUPPRESS:
        return ""
    if kind in (23, 24):
        first, last = struct.unpack("=HH", value)
        return str(first) if first == last else f"{first}-{last}"
    if kind == 20:
        first, last = struct.unpack("=II", value)
        return f"{first}-{last}"
    if kind == 12:
        return str(int.from_bytes(value, "big"))
    number = int.from_bytes(value, sys.byteorder)
    return hex(number) if kind == 10 else _IP_PROTOCOLS.get(number, str(number)) if kind == 22 else str(number)


def neighbour(node: str, body: bytes, name: Name) -> Neighbour | ForwardingEntry | None:
    """A neighbour message: a neighbour, or for a bridge a forwarding entry. None for what is neither."""
    family, index, state, flags, _ = struct.unpack_from("=BxxxiHBB", body)
    found = attributes(body, 12)
    if family == socket.AF_BRIDGE:
        return _forwarding(node, name(index), found, state, flags, name)
    if 1 not in found:
        return None
    words = [word for bit, word in _STATES.items() if state & bit]
    return Neighbour(node, name(index), ip(found[1]), mac(found.get(2, b"")), " ".join(words))


def _forwarding(node: str, port: str, found: dict[int, bytes], state: int, flags: int, name: Name) -> ForwardingEntry:
    address_ = mac(found.get(2, b""))
    bridge = name(_number(found, 9)) if 9 in found else ""
    remote = ip(found[1]) if 1 in found else ""
    vlan = struct.unpack("=H", found[5][:2])[0] if 5 in found else 0
    words = [address_, "dev", port]
    words += ["dst", remote] if remote else []
    words += ["vlan", str(vlan)] if vlan else []
    words += ["self"] if flags & 0x02 else []
    words += ["master", bridge] if bridge else []
    words += ["permanent"] if state & 0x80 else []
    return ForwardingEntry(node, port, address_, bridge, remote, bool(state & 0x80), vlan, " ".join(words))
