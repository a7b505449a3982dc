"""The routing policy database, with the text that ip-rule(8) prints. Sources: rtnetlink(7), linux/fib_rules.h."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, big_endian, ip, native, string
from cnetkit.kernel.sources.routes import TABLES
from cnetkit.kernel.stacks import Stack
from cnetkit.model import PolicyRule

_ACTIONS = {1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}  # FR_ACT_*
_SELECTORS = {
    nl.FRA_FWMARK: "fwmark",
    nl.FRA_IIFNAME: "iif",
    nl.FRA_OIFNAME: "oif",
    nl.FRA_TUN_ID: "tun_id",
    nl.FRA_L3MDEV: "l3mdev",
    nl.FRA_UID_RANGE: "uidrange",
    nl.FRA_IP_PROTO: "ipproto",
    nl.FRA_SPORT_RANGE: "sport",
    nl.FRA_DPORT_RANGE: "dport",
    nl.FRA_SUPPRESS_IFGROUP: "suppress_ifgroup",
    nl.FRA_SUPPRESS_PREFIXLEN: "suppress_prefixlength",
}
"""Their names in ip-rule(8)."""
_NO_SELECTORS = {
    nl.FRA_DST, nl.FRA_SRC, nl.FRA_GOTO, nl.FRA_PRIORITY, nl.FRA_FLOW, nl.FRA_TABLE, nl.FRA_FWMASK, nl.FRA_PAD, nl.FRA_PROTOCOL,
}  # fmt: skip
_PORT_MASKS = (nl.FRA_SPORT_MASK, nl.FRA_DPORT_MASK)
_EVERY_BIT = b"\xff\xff"
_IP_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp"}
_NO_SUPPRESS = b"\xff" * 4


def dump(stack: Stack, family: int) -> list[PolicyRule]:
    """The policy rules of a node for an address family."""
    bodies = stack.netlink.dump(nl.RTM_GETRULE, bytes([family]) + bytes(11))
    return [read(stack.name, body) for body in bodies]


def read(node: str, body: bytes) -> PolicyRule:
    """Decodes a routing rule message."""
    family, to_length, from_length, tos, table, _, _, action, flags = struct.unpack_from("=8BI", body)
    values = attributes(body, 12)
    table = native(values.get(nl.FRA_TABLE, b"")) or table
    priority = native(values.get(nl.FRA_PRIORITY, b""))
    source = f"{ip(values[nl.FRA_SRC])}/{from_length}" if nl.FRA_SRC in values else ""
    destination = f"{ip(values[nl.FRA_DST])}/{to_length}" if nl.FRA_DST in values else ""
    values_by_name = {word: _selector(kind, values[kind]) for kind, word in _SELECTORS.items() if kind in values}
    selectors = {word: value for word, value in values_by_name.items() if value}
    mask = native(values.get(nl.FRA_FWMASK, b""))
    if mask not in (0, 0xFFFFFFFF):
        selectors["fwmark"] = f"{selectors.get('fwmark', '0')}/{hex(mask)}"
    selectors |= {"not": ""} if flags & nl.FIB_RULE_INVERT else {}
    selectors |= {"tos": hex(tos)} if tos else {}
    others = {name: value.hex() for name, value in _others(values)}
    kind = _ACTIONS.get(action, str(action))
    words = [f"{priority}:", *(["not"] if "not" in selectors else []), "from", source or "all"]
    words += ["to", destination] if destination else []
    words += [part for pair in selectors.items() if pair[0] != "not" for part in pair]
    words += ["lookup", TABLES.get(table, str(table))] if kind == "lookup" else [kind]
    version = 4 if family == socket.AF_INET else 6
    return PolicyRule(
        node, priority, table, version, " ".join(words), kind, source, destination, tuple(sorted(selectors | others)),
        tuple(sorted((selectors | others).items())),
    )  # fmt: skip


def _others(values: Mapping[int, bytes]) -> Iterator[tuple[str, bytes]]:
    """Attributes of newer kernels, such as FRA_DSCP: the rule may select by them, so it is not said to hold for all packets."""
    for kind, value in values.items():
        if (
            kind not in _SELECTORS
            and kind not in _NO_SELECTORS
            and not (kind in _PORT_MASKS and value[:2] == _EVERY_BIT)
        ):
            yield f"attribute {kind}", value


def _selector(kind: int, value: bytes) -> str:
    """A selector's value as ip-rule(8) prints it; empty if the attribute means that there is none."""
    if kind in (nl.FRA_IIFNAME, nl.FRA_OIFNAME):
        return string(value)
    if kind in (nl.FRA_SUPPRESS_IFGROUP, nl.FRA_SUPPRESS_PREFIXLEN) and value[:4] == _NO_SUPPRESS:
        return ""
    if kind in (nl.FRA_SPORT_RANGE, nl.FRA_DPORT_RANGE):
        first, last = struct.unpack("=HH", value)
        return str(first) if first == last else f"{first}-{last}"
    if kind == nl.FRA_UID_RANGE:
        first, last = struct.unpack("=II", value)
        return f"{first}-{last}"
    if kind == nl.FRA_TUN_ID:
        return str(big_endian(value))
    number = native(value)
    if kind == nl.FRA_FWMARK:
        return hex(number)
    return _IP_PROTOCOLS.get(number, str(number)) if kind == nl.FRA_IP_PROTO else str(number)
