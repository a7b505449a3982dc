"""Netfilter: chains, rules as data, and the connections that conntrack keeps.

Frozen dataclasses without behaviour. Sources: nft(8), libnftables-json(5), iptables(8), conntrack(8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
