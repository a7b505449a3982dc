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
class Action:
    """What a rule does with a packet that it matches."""

    kind: str
    """A verdict or statement in nft's word for it: accept, drop, reject, queue, return, continue, jump, goto, dnat, snat,
    masquerade, redirect, netmap, tproxy, synproxy, tarpit, mangle, log, ... An iptables target has its own name in lower case."""
    target: str = ""
    """The chain of a jump or goto; the address of dnat or snat, where the rule has exactly one."""
    port: int = 0
    """The port of dnat, snat or redirect, where the rule has exactly one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A netfilter rule as data, and in the words of the tool that laid it.

    The data come from nft's JSON, or from the options that iptables-save prints. `text` is for quoting: no decision reads it.
    A recording made before version 0.2 has the text only; `cnetkit.rules.completed` fills in the rest.
    """

    node: str
    family: str
    table: str
    chain: str
    handle: int
    text: str
    """As `iptables -S` prints it for a rule of iptables, else as `nft list ruleset` does."""
    tool: Literal["iptables", "nft"] = "nft"
    hook: str = ""
    """The hook of its base chain; empty in a chain that others jump to."""
    actions: tuple[Action, ...] = ()
    """In the rule's order; of a verdict map all that it may choose, each once."""
    matches: tuple[str, ...] = ()
    """What it looks at, in nft's words: `tcp dport`, `ct state`, `meta mark`, `limit`; `xt statistic` for an iptables match that
    nft has no word for. `ct state invalid` where it asks for invalid or untracked packets."""
    comment: str = ""


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
