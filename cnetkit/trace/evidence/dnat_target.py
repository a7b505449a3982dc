"""The destination of a packet after DNAT in its node: then it does not matter whether the node owns the old address.

Taken from the conntrack entry; or, if the packet was dropped before it got one, from the rule that the kernel applied
to it.
"""

from __future__ import annotations

from cnetkit.model import Rule
from cnetkit.trace.evidence import rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import verdicts_of


def destination(case: Case, frame: int) -> str:
    """The destination of a received packet after prerouting."""
    return target(case, frame)[0]


def target(case: Case, frame: int) -> tuple[str, int]:
    """Destination and destination port of a received packet after prerouting; port 0 if it is not known."""
    packet, node = case.packet(frame), case.place(frame)[0]
    after = case.tables.translations.get((node, packet.protocol, packet.ends))
    if after is not None:
        return after.destination, after.destination_port
    for hooked in verdicts_of(case, frame, None) if node in translating(case) else ():
        applied = rule.find(case, node, hooked.verdict, hooked.time_ns) if hooked.verdict.verdict == "accept" else None
        for action in () if applied is None else applied.actions:
            if action.kind == "dnat" and action.target:
                return action.target, action.port
    return packet.ends.destination, packet.ends.destination_port


def elsewhere(case: Case, frame: int) -> bool:
    """Whether the node translates the packet to an address that is not its own."""
    node = case.place(frame)[0]
    if node not in translating(case) or not case.joined.columns.version[frame]:
        return False
    address = destination(case, frame)
    return address != case.packet(frame).ends.destination and address not in case.tables.addresses.get(node, ())


def translating(case: Case) -> set[str]:
    """The nodes that translate destinations: those with such an entry or rule."""
    return case.once(_translating)


def _translating(case: Case) -> set[str]:
    entries = {node for node, _, _ in case.tables.translations}
    return entries | {rule.node for rule in case.tables.rules.values() if _target(rule)}


def _target(rule: Rule) -> str:
    """The address that a DNAT rule translates to; empty for other rules, and for rules that choose among several."""
    return next((action.target for action in rule.actions if action.kind == "dnat"), "")
