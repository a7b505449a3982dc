"""Packets that the kernel stopped to trace, because a rule of the node switches tracing off (`meta nftrace set 0`; nft(8)).

The kernel reports neither that rule nor any after it. A rule that drops is named if its counter grew by as many packets as went
no further; else only that the packet was not traced any more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnetkit.model import Evidence, OutcomeKind, Rule
from cnetkit.recording.frames import IN
from cnetkit.recording.protocols import TCP, UDP
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import hooks_passed, reported, verdicts_of

PORTS = {"tcp": TCP, "udp": UDP}
MOST = 5000
"""More packets than this that ended at one node are not compared with its counters."""


def arrived(case: Case, frame: int) -> Cause | None:
    """Of a packet that reached its node."""
    return _cause(case, frame, "arrived")


def lost(case: Case, frame: int) -> Cause | None:
    """Of a packet that its node should have sent on."""
    return _cause(case, frame, "lost-from-sight")


def nodes(case: Case) -> set[str]:
    """The nodes that have such a rule."""
    return {rule.node for rule in case.once(_switching)}


def _cause(case: Case, frame: int, otherwise: OutcomeKind) -> Cause | None:
    node = case.place(frame)[0]
    if node not in nodes(case) or frame not in case.once(_ended).get(node, ()):
        return None
    counted = list(_counted(case, node))
    rows = _possible(case, node, counted[0][0]) if len(counted) == 1 else []
    if frame in rows and counted[0][1] == len(rows):
        rule, packets = counted[0]
        where = f"{_place(rule)}, counted {packets} packet{'' if packets == 1 else 's'}"
        return Cause(rule.text, (Evidence("nft-rule", rule.text, where, "table", "stops"), _evidence(case, node)))
    words = f"the kernel traced it no further, and a rule of {node} switches tracing off"
    return Cause(words, (_evidence(case, node),), otherwise)


def _possible(case: Case, node: str, rule: Rule) -> list[int]:
    """Of the packets that ended at the node, those of the protocol whose ports the rule matches."""
    protocols = [PORTS[word] for word in {match.split()[0] for match in rule.matches} & set(PORTS)]
    return [row for row in case.once(_ended)[node] if case.joined.columns.protocol[row] in protocols or not protocols]


def _evidence(case: Case, node: str) -> Evidence:
    rule = next(rule for rule in case.once(_switching) if rule.node == node)
    return Evidence("nft-rule", rule.text, _place(rule), "table")


def _place(rule: Rule) -> str:
    return f"{rule.family} {rule.table} {rule.chain} handle {rule.handle}"


def _switching(case: Case) -> list[Rule]:
    """The rules that switch tracing off."""
    return [rule for rule in case.tables.rules.values() if any(action.kind == "notrace" for action in rule.actions)]


def _ended(case: Case) -> dict[str, list[int]]:
    """By node, the packets that the kernel began to trace and then neither let through a hook nor dropped by a traced rule."""
    joined = case.joined
    ended = np.flatnonzero(joined.last() & (joined.direction == IN) & (case.once(answers) < 0))
    by_node: dict[str, list[int]] = {}
    for row in ended.tolist():
        if (node := case.place(row)[0]) in nodes(case):
            by_node.setdefault(node, []).append(row)
    return {node: [row for row in rows if _cut_short(case, row)] for node, rows in by_node.items() if len(rows) <= MOST}


def _cut_short(case: Case, frame: int) -> bool:
    dropped = any(verdict.verdict.verdict == "drop" for verdict in verdicts_of(case, frame, None))
    return reported(case, frame) and not hooks_passed(case, frame) and not dropped


def _counted(case: Case, node: str) -> Iterator[tuple[Rule, int]]:
    """The rules that drop and whose counters grew, with by how much."""
    snapshots = [topology.counters.get(node, {}) for topology in case.recording.topologies]
    for rule in case.tables.rules.values():
        if rule.node == node and any(action.kind == "drop" for action in rule.actions):
            name = f"nft {rule.family} {rule.table} {rule.chain} {rule.handle}"
            packets = snapshots[-1].get(name, 0) - snapshots[0].get(name, 0)
            if packets > 0:
                yield rule, packets
