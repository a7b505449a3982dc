"""What the rules of a node could do to a packet of which the kernel said nothing.

Rules are read as text and never carried out: only whether one may drop packets, and whether any looks at more than what
all packets of a flow have in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from cnetkit.model import Evidence, Rule, Topology
from cnetkit.trace.evidence.case import Case

ARRIVING = ("ingress", "prerouting", "input")
STOPS = re.compile(r"(-j|-g) (DROP|REJECT|NFQUEUE|QUEUE|SYNPROXY|TARPIT)\b|\b(drop|reject|queue|synproxy)\b")
LEADS = re.compile(r"(?:-j|-g|\bjump|\bgoto) ([^\s}]+)")
QUOTED = re.compile(r'"[^"]*"')
IPTABLES = {
    "-A", "-p", "-s", "-d", "-i", "-o", "-j", "-g", "-m", "--dport", "--sport", "--dports", "--sports", "--comment", "--ctstate",
    "--state", "--reject-with", "--dst-type", "--src-type", "--to-destination", "--to-source",
}  # fmt: skip
MATCHES = {"tcp", "udp", "sctp", "multiport", "comment", "addrtype", "conntrack", "state"}
NFT = {
    "ip", "ip6", "tcp", "udp", "icmp", "icmpv6", "icmpx", "saddr", "daddr", "dport", "sport", "iif", "oif", "iifname", "oifname",
    "meta", "l4proto", "protocol", "nfproto", "ipv4", "ipv6", "ct", "state", "new", "established", "related", "fib", "type",
    "local", "accept", "drop", "reject", "with", "port-unreachable", "admin-prohibited", "reset", "return", "continue", "counter",
    "packets", "bytes", "comment",
}  # fmt: skip
"""What looks at a packet's addresses, ports and connection only, which are the same for all packets of a flow."""


def stopping(case: Case, node: str) -> Evidence | None:
    """A rule or policy that may drop a packet which comes in for the node itself; None where there is none."""
    return case.once(_stopping).get(node)


def stopping_nodes(case: Case) -> set[str]:
    """The nodes that have such a rule or policy."""
    return set(case.once(_stopping))


def by_flow(case: Case, node: str) -> bool:
    """Whether the node's rules were the same all the time, and treat all packets of a flow alike."""
    return node in case.once(_by_flow)


def _stopping(case: Case) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for rules in case.rule_sets:
        for rule in _reached(rules, ARRIVING):
            if STOPS.search(QUOTED.sub("", rule.text)):
                where = f"{rule.family} {rule.table} {rule.chain} handle {rule.handle}"
                found.setdefault(rule.node, Evidence("nft-rule", rule.text, where, "table"))
        for chain in rules.chains:
            if chain.hook in ARRIVING and chain.policy == "drop":
                where = f"{chain.family} {chain.table} {chain.name}"
                found.setdefault(chain.node, Evidence("nft-rule", "policy drop", where, "table"))
    return found


def _reached(rules: Topology, hooks: Sequence[str]) -> Iterable[Rule]:
    """The rules that a packet may meet from these hooks on."""
    chains: dict[tuple[str, str, str, str], list[Rule]] = {}
    for rule in rules.rules:
        chains.setdefault((rule.node, rule.family, rule.table, rule.chain), []).append(rule)
    ahead = [(one.node, one.family, one.table, one.name) for one in rules.chains if one.hook in hooks]
    seen = set(ahead)
    while ahead:
        node, family, table, name = ahead.pop()
        for rule in chains.get((node, family, table, name), ()):
            yield rule
            to = {(node, family, table, chain) for chain in LEADS.findall(QUOTED.sub("", rule.text))} - seen
            seen |= to
            ahead += to


def _by_flow(case: Case) -> set[str]:
    texts: dict[str, set[tuple[tuple[str, str, str, str], ...]]] = {}
    unlike = set()
    for rules in case.rule_sets:
        nodes: dict[str, list[tuple[str, str, str, str]]] = {chain.node: [] for chain in rules.chains}
        for rule in rules.rules:
            nodes.setdefault(rule.node, []).append((rule.family, rule.table, rule.chain, rule.text))
            if rule.table != "nat" and not _alike(rule):
                unlike.add(rule.node)
        for node, told in nodes.items():
            texts.setdefault(node, set()).add(tuple(told))
    return {node for node, versions in texts.items() if len(versions) == 1} - unlike


def _alike(rule: Rule) -> bool:
    """Whether it looks only at what all packets of a flow have in common."""
    text = QUOTED.sub("", rule.text)
    if "INVALID" in text or "UNTRACKED" in text:
        return False
    if rule.tool == "iptables":
        words = text.split()
        options = {word for word in words if re.match(r"--?[a-zA-Z]", word)}
        return options <= IPTABLES and {match for option, match in pairwise(words) if option == "-m"} <= MATCHES
    text = re.sub(r"\b(jump|goto) \S+|@\S+|0x[0-9a-f]+", "", text)
    return set(re.findall(r"[a-z_][a-z0-9_-]*", text)) <= NFT
