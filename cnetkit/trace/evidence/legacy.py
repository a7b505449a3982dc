"""The rules of iptables-legacy that may have met a packet: those that match it and whose counters grew.

The kernel reports no verdicts of these rules, only how many packets each has counted. A rule in a chain of one's own matches only
what a jump to it matches, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cnetkit.model import Evidence, LegacyRule, Topology
from cnetkit.rules.iptables_match import Matched, applies
from cnetkit.trace.evidence.case import Case

BASE = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
"""The chains that the kernel calls itself; jumps lead to the others."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A rule whose counter grew during the capture, and by how much."""

    rule: LegacyRule
    packets: int

    def evidence(self) -> Evidence:
        """The rule in its own words, with what its counter says."""
        counted = f"counted {self.packets} packet{'' if self.packets == 1 else 's'}"
        where = f"iptables-legacy {self.rule.family} {self.rule.table} {self.rule.chain}, {counted}"
        return Evidence("legacy-rule", self.rule.text, where, "table")


def grown(case: Case) -> dict[str, list[Grown]]:
    """By node, the rules whose counters grew between the first snapshot and the last, in the kernel's order."""
    return case.once(_grown)


def _grown(case: Case) -> dict[str, list[Grown]]:
    snapshots = case.recording.topologies
    by_node: dict[str, list[Grown]] = {}
    if len(snapshots) < 2:
        return by_node
    before = _numbered(snapshots[0])
    for key, rule in _numbered(snapshots[-1]).items():
        packets = rule.packets - (before[key].packets if key in before else 0)
        if packets > 0:
            by_node.setdefault(rule.node, []).append(Grown(rule, packets))
    return by_node


def _numbered(topology: Topology) -> dict[tuple[str, str, str, str, int], LegacyRule]:
    """The rules by node, family, table and text; equal ones by their order."""
    rules: dict[tuple[str, str, str, str, int], LegacyRule] = {}
    for rule in topology.legacy_rules:
        number = 0
        while (key := (rule.node, rule.family, rule.table, rule.text, number)) in rules:
            number += 1
        rules[key] = rule
    return rules


def ways(case: Case, rule: LegacyRule) -> list[tuple[str, tuple[LegacyRule, ...]]]:
    """How packets came to a rule: each base chain, with the rule and the jumps to it that counted packets, too."""
    found: list[tuple[str, tuple[LegacyRule, ...]]] = []
    ahead: list[tuple[LegacyRule, ...]] = [(rule,)]
    while ahead:
        way = ahead.pop()
        if way[-1].chain in BASE:
            found.append((way[-1].chain, way))
            continue
        for entry in grown(case).get(rule.node, []):
            here = (entry.rule.family, entry.rule.table) == (rule.family, rule.table) and entry.rule not in way
            if here and any(a.kind in ("jump", "goto") and a.target == way[-1].chain for a in entry.rule.actions):
                ahead.append((*way, entry.rule))
    return found


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether one of several possibilities holds; None if that is not known, or if there are none."""
    known = set(answers)
    return True if True in known else None if None in known or not known else False


def matches_all(case: Case, frame: int, rules: Iterable[LegacyRule], destination: tuple[str, int]) -> bool | None:
    """Whether all of these rules match the packet; see `matches`."""
    answers = {matches(case, frame, rule, destination) for rule in rules}
    return False if False in answers else None if None in answers else True


def matches(case: Case, frame: int, rule: LegacyRule, destination: tuple[str, int]) -> bool | None:
    """Whether the rule matches the packet that came in at `frame` and now has this `destination` and port; None if that
    is not known. Never for a packet in a tunnel, of which the node sees other headers."""
    c, packet = case.joined.columns, case.packet(frame)
    if c.depth[frame] or packet.version != (4 if rule.family == "ip" else 6):
        return False
    ends = packet.ends.source, destination[0], int(c.protocol[frame])
    return applies(rule.text, Matched(*ends, packet.ends.source_port, destination[1], case.device(frame)))


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence for a translated packet: the rule of iptables-legacy that matches it before, in the nat table."""
    if parent is None or not grown(case) or case.place(parent)[0] != case.place(frame)[0]:
        return ()
    before, after = case.packet(parent).ends, case.packet(frame).ends
    changed = {"destination": before.destination != after.destination or before.destination_port != after.destination_port,
               "source": before.source != after.source or before.source_port != after.source_port}  # fmt: skip
    kinds = {"dnat", "redirect", "netmap"} if changed["destination"] else set()
    kinds |= {"snat", "masquerade", "netmap"} if changed["source"] else set()
    return tuple(
        replace(entry.evidence(), effect="translates")
        for entry in grown(case).get(case.place(frame)[0], [])
        if entry.rule.table == "nat"
        and any(
            action.kind in kinds and action.target in ("", after.destination, after.source)
            for action in entry.rule.actions
        )
        and any_of(
            matches_all(case, parent, way, (before.destination, before.destination_port))
            for _, way in ways(case, entry.rule)
        )
        is not False
    )
