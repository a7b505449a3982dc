"""Packets that a rule of iptables-legacy dropped: it matches them, and its counter grew by as many as ended there.

The kernel reports nothing of these rules. A packet that passed the whole hook, or that nft dropped, is none of theirs.
"""

from __future__ import annotations

import numpy as np

from cnetkit.model import LegacyRule
from cnetkit.recording.frames import IN
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.dnat_target import target
from cnetkit.trace.evidence.legacy import Grown, any_of, grown, matches_all, ways
from cnetkit.trace.evidence.verdicts import hooks_passed, verdicts_of

STOPS = {"drop", "tarpit", "queue"}
MOST = 5000
"""More packets than this that ended at one node are not compared with its rules."""


def dropped(case: Case, frame: int) -> Cause | None:
    """The rule of iptables-legacy that dropped the packet, or None."""
    node = case.place(frame)[0]
    if node not in grown(case) or case.direction(frame) != "in":
        return None
    for entry in grown(case)[node]:
        if not any(action.kind in STOPS for action in entry.rule.actions) or _met(case, frame, entry) is False:
            continue
        rows = case.once(_ended).get(node, [])
        met = [_met(case, row, entry) for row in rows]
        possible = len(met) - met.count(False)
        if frame in rows and (possible == entry.packets or (met.count(True) == possible <= entry.packets)):
            return Cause(f"{entry.rule.text} of iptables-legacy", (entry.evidence(),))
    return None


def _met(case: Case, frame: int, entry: Grown) -> bool | None:
    """Whether the packet met the rule and ended there, as far as that can be known; None if it may have."""
    known = ways(case, entry.rule)
    return any_of(_met_from(case, frame, chain, way) for chain, way in known) if known else False


def _met_from(case: Case, frame: int, chain: str, way: tuple[LegacyRule, ...]) -> bool | None:
    """The same for the rule at the beginning of `way`, which packets reach from this base chain."""
    passed = hooks_passed(case, frame)
    if chain == "OUTPUT" or passed - ({"forward"} if chain == "POSTROUTING" else set()):
        return False
    ends = case.packet(frame).ends
    to = (ends.destination, ends.destination_port) if chain == "PREROUTING" else target(case, frame)
    own = to[0] in case.tables.addresses.get(case.place(frame)[0], set())
    if chain in ("INPUT", "FORWARD") and own is (chain == "FORWARD"):
        return False
    if any(verdict.verdict.verdict == "drop" for verdict in verdicts_of(case, frame, None)):
        return False
    return matches_all(case, frame, way, to)


def _ended(case: Case) -> dict[str, list[int]]:
    """By node, the incoming packets that went no further and that nothing answered."""
    joined, c = case.joined, case.joined.columns
    group = (c.eth_dst >> np.uint64(40)) & np.uint64(1) == 1
    ended = joined.last() & (joined.direction == IN) & (c.version != 0) & ~group & (case.once(answers) < 0)
    by_node: dict[str, list[int]] = {}
    for row in np.flatnonzero(ended).tolist():
        if (node := case.place(row)[0]) in grown(case):
            by_node.setdefault(node, []).append(row)
    return {node: rows for node, rows in by_node.items() if len(rows) <= MOST}
