"""Whether a rule of the routing policy database holds for a packet (ip-rule(8); net/core/fib_rules.c, fib_rule_match).

What is not known of the packet leaves the answer open: its mark, the socket that sent it, the interface it was routed from.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from cnetkit.model import PolicyRule
from cnetkit.trace.packets.packet import PROTOCOLS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
BESIDE = ("suppress_ifgroup", "suppress_prefixlength")
"""They do not select packets: they refuse routes that were found."""
NAMES = {"ipv6-icmp": "icmpv6"}


@dataclass(frozen=True, slots=True)
class Routed:
    """What policy rules look at in a packet. Of what is None, it is not known."""

    source: str
    destination: str
    interface: str | None = None
    """The interface it came in by; `lo` if the node sends it itself."""
    protocol: str | None = None
    sport: int | None = None
    dport: int | None = None
    mark: int | None = None


def holds(rule: PolicyRule, packet: Routed) -> bool | None:
    """None if that depends on what is not known."""
    answers: set[bool | None] = {_within(rule.source, packet.source), _within(rule.destination, packet.destination)}
    values = dict(rule.values)
    for name in rule.selectors:
        if name != "not" and name not in BESIDE:
            answers.add(_selected(name, values[name], packet) if name in values else None)
    answer = False if False in answers else None if None in answers else True
    return answer if answer is None or "not" not in rule.selectors else not answer


def _selected(name: str, value: str, packet: Routed) -> bool | None:
    if name == "iif":
        return None if packet.interface is None else packet.interface == value
    if name == "oif":  # what is forwarded has no output interface yet
        return None if packet.interface in (None, "lo") else False
    if name == "ipproto":
        wanted = PROTOCOLS.get(int(value), f"protocol {value}") if value.isdigit() else NAMES.get(value, value)
        return None if packet.protocol is None else packet.protocol == wanted
    if name in ("sport", "dport"):
        port = packet.sport if name == "sport" else packet.dport
        first, _, last = value.partition("-")
        return None if port is None else int(first) <= port <= int(last or first)
    if name == "fwmark":
        wanted, _, mask = value.partition("/")
        return None if packet.mark is None else packet.mark & int(mask or "0xffffffff", 0) == int(wanted, 0)
    return None


def _within(prefix: str, address: str) -> bool:
    """Whether a prefix contains an address; an empty prefix contains all."""
    prefix_of = network(prefix, 6 if ":" in address else 4) if prefix else None
    return not prefix or (prefix_of is not None and ipaddress.ip_address(address) in prefix_of)


@lru_cache(maxsize=65536)
def network(destination: str, version: int) -> Network | None:
    """A prefix, or `default`, as a network of this version; None for another version."""
    if destination == "default":
        return ipaddress.ip_network("0.0.0.0/0" if version == 4 else "::/0")
    try:
        prefix = ipaddress.ip_network(destination, strict=False)
    except ValueError:
        return None
    return prefix if prefix.version == version else None
