"""What a node's rules could do to a packet whose verdict the kernel did not report.

Rules are not evaluated. It only asks whether a rule may drop packets, and whether a rule looks at more than what all
packets of a flow have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnetkit.model import Evidence, Rule, Topology
from cnetkit.trace.evidence.case import Case

ARRIVING = ("ingress", "prerouting", "input")
STOPS = {"drop", "reject", "queue", "synproxy", "tarpit"}
"""Actions after which a packet may go no further."""
BY_FLOW = {
    "ip saddr", "ip daddr", "ip protocol", "ip6 saddr", "ip6 daddr", "ip6 nexthdr", "meta iif", "meta oif", "meta iifname",
    "meta oifname", "meta l4proto", "meta protocol", "meta nfproto", "ct state", "fib type", "tcp sport", "tcp dport",
    "udp sport", "udp dport", "sctp sport", "sctp dport", "th sport", "th dport",
}  # fmt: skip
"""Matches on what is the same for all packets of a flow: addresses, ports, interfaces and the connection."""
PLAIN = {
    "accept",
    "drop",
    "reject",
    "queue",
    "return",
    "continue",
    "jump",
    "goto",
    "dnat",
    "snat",
    "masquerade",
    "redirect",
}
"""Actions that leave no state for a later rule to match."""


def stopping(case: Case, node: str) -> Evidence | None:
    """A rule or policy that may drop a packet addressed to the node itself, or None."""
    return case.once(_stopping).get(node)


def stopping_nodes(case: Case) -> set[str]:
    """The nodes that have such a rule or policy."""
    return set(case.once(_stopping))


def by_flow(case: Case, node: str) -> bool:
    """Whether the node's rules did not change, and treat all packets of a flow the same."""
    return node in case.once(_by_flow)


def _stopping(case: Case) -> dict[str, Evidence]:
    by_node: dict[str, Evidence] = {}
    for rules in case.tables.rule_sets:
        for rule in _reached(rules, ARRIVING):
            if any(action.kind in STOPS for action in rule.actions):
                where = f"{rule.family} {rule.table} {rule.chain} handle {rule.handle}"
                by_node.setdefault(rule.node, Evidence("nft-rule", rule.text, where, "table", "stops"))
        for chain in rules.chains:
            if chain.hook in ARRIVING and chain.policy == "drop":
                where = f"{chain.family} {chain.table} {chain.name}"
                by_node.setdefault(chain.node, Evidence("nft-rule", "policy drop", where, "table", "stops"))
    return by_node


def _reached(rules: Topology, hooks: Sequence[str]) -> Iterable[Rule]:
    """The rules that a packet may meet from these hooks on."""
    chains: dict[tuple[str, str, str, str], list[Rule]] = {}
    for rule in rules.rules:
        chains.setdefault((rule.node, rule.family, rule.table, rule.chain), []).append(rule)
    ahead = [(chain.node, chain.family, chain.table, chain.name) for chain in rules.chains if chain.hook in hooks]
    reached = set(ahead)
    while ahead:
        node, family, table, name = ahead.pop()
        for rule in chains.get((node, family, table, name), ()):
            yield rule
            leads = [action.target for action in rule.actions if action.kind in ("jump", "goto")]
            to = {(node, family, table, chain) for chain in leads} - reached
            reached |= to
            ahead += to


def _by_flow(case: Case) -> set[str]:
    texts: dict[str, set[tuple[tuple[str, str, str, str], ...]]] = {}
    unlike = set()
    for rules in case.tables.rule_sets:
        nodes: dict[str, list[tuple[str, str, str, str]]] = {chain.node: [] for chain in rules.chains}
        for rule in rules.rules:
            nodes.setdefault(rule.node, []).append((rule.family, rule.table, rule.chain, rule.text))
            if rule.table != "nat" and not _by_flow_only(rule):
                unlike.add(rule.node)
        for node, rules_of_node in nodes.items():
            texts.setdefault(node, set()).add(tuple(rules_of_node))
    return {node for node, versions in texts.items() if len(versions) == 1} - unlike


def _by_flow_only(rule: Rule) -> bool:
    """Whether the rule matches only what all packets of a flow have in common."""
    return BY_FLOW.issuperset(rule.matches) and all(action.kind in PLAIN for action in rule.actions)
