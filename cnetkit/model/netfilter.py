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
    """A verdict or statement by nft's name: accept, drop, reject, queue, return, continue, jump, goto, dnat, snat,
    masquerade, redirect, netmap, tproxy, synproxy, tarpit, mangle, log, ... `notrace` switches tracing off (`meta
    nftrace set 0`). Other iptables targets have their own name in lower case."""
    target: str = ""
    """The chain of a jump or goto; the address of dnat or snat, if the rule has exactly one."""
    port: int = 0
    """The port of dnat, snat or redirect, if the rule has exactly one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A netfilter rule as data, and as text in the syntax of the tool that added it.

    The data come from nft's JSON, or from the options that iptables-save prints. `text` is only quoted: no decision
    reads it. A recording made before version 0.2 has the text only; `cnetkit.rules.completed` adds the data.
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
    """In the rule's order; for a verdict map each of its possible actions once."""
    matches: tuple[str, ...] = ()
    """The parts of a packet that the rule matches, by nft's names: `tcp dport`, `ct state`, `meta mark`, `limit`; `xt
    statistic` for an iptables match without an nft name. `ct state invalid` if it matches invalid or untracked
    packets."""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class LegacyRule:
    """A rule, or a chain's policy, of iptables-legacy, whose tables nft does not list and whose verdicts it does not
    report."""

    node: str
    family: Literal["ip", "ip6"]
    table: str
    chain: str
    text: str
    """As `iptables-legacy -S` prints it."""
    packets: int = 0
    """How many packets it has counted."""
    actions: tuple[Action, ...] = ()
    matches: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Tuple5:
    """One direction of a connection. For ICMP, both ports contain the echo identifier."""

    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """A conntrack entry: how the connection began, and what its replies look like when they arrive."""

    node: str
    id: int
    protocol: str
    """tcp, udp, icmp, icmpv6, or the protocol's number."""
    original: Tuple5
    reply: Tuple5
    status: tuple[str, ...] = ()
    """The kernel's names (enum ip_conntrack_status): assured, confirmed, src-nat, dst-nat, seen-reply, dying, ..."""
    state: str = ""
    """TCP's state as conntrack(8) names it: SYN_SENT, ESTABLISHED, ..."""
    text: str = ""
    """The entry as conntrack(8) prints it."""
