"""Whom a node means a packet for, once it has translated the destination: owning the old one then says nothing.

Told by the conntrack entry; or, where the packet was thrown away before it got one, by the rule that the kernel applied to it.
"""

from __future__ import annotations

from cnetkit.model import Rule
from cnetkit.trace.evidence import rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import steps_of


def destination(case: Case, frame: int) -> str:
    """The packet's destination after prerouting, of a packet that came in."""
    packet, node = case.packet(frame), case.place(frame)[0]
    after = case.tables.translations.get((node, packet.protocol, packet.ends))
    if after is not None:
        return after.destination
    for step in steps_of(case, frame, None) if node in translating(case) else ():
        found = rule.find(case, node, step.verdict, step.time_ns) if step.verdict.verdict == "accept" else None
        if found is not None and (target := _target(found)):
            return target
    return packet.ends.destination


def elsewhere(case: Case, frame: int) -> bool:
    """Whether the node means it for an address that is none of its own."""
    node = case.place(frame)[0]
    if node not in translating(case) or not case.joined.columns.version[frame]:
        return False
    target = destination(case, frame)
    return target != case.packet(frame).ends.destination and target not in case.tables.addresses.get(node, ())


def translating(case: Case) -> set[str]:
    """The nodes that change destinations: all that have such an entry or rule."""
    return case.once(_translating)


def _translating(case: Case) -> set[str]:
    entries = {node for node, _, _ in case.tables.translations}
    return entries | {rule.node for rule in case.tables.rules.values() if _target(rule)}


def _target(rule: Rule) -> str:
    """The address that a DNAT rule leads to; empty for other rules, and for those that choose among several."""
    return next((action.target for action in rule.actions if action.kind == "dnat"), "")
