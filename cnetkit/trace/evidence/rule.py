"""The netfilter rules that the kernel says it applied to this very packet, the decisive one first.

Decisive is what changed the packet, dropped it, or let it out of a base chain; jumps and returns follow.
"""

from __future__ import annotations

from cnetkit.model import Effect, Evidence, Rule, Verdict
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import HookVerdict, steps_of
from cnetkit.trace.steps.nat import BRIDGE_TRANSLATIONS

TRANSLATIONS = {"dnat", "snat", "masquerade", "redirect", "netmap", "tproxy"}
"""Actions that give a packet other addresses, or hand it to another socket."""
EFFECTS: dict[str, Effect] = {"drop": "stops", "queue": "stops", "stolen": "stops", "accept": "accepts"}
"""What a verdict does; the others send the packet on to another rule or chain."""
BRIDGED = ("forward", "postrouting", "")


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `nft-rule` for a frame that passed netfilter: on its way out, where it went no further, or where a
    bridge took it up with other addresses, which br_netfilter gave it."""
    out, lifted = case.direction(frame) == "out", case.step(frame) in BRIDGE_TRANSLATIONS
    if not (out or lifted or case.is_last(frame)):
        return ()
    steps = steps_of(case, frame, parent if out or lifted else None)
    steps = [step for step in steps if _concerns(case, frame, parent, step)]
    steps.sort(key=_rank)
    return tuple(e for step in steps if (e := worded(case, case.place(frame)[0], step)) is not None)


def _concerns(case: Case, frame: int, parent: int | None, step: HookVerdict) -> bool:
    """With br_netfilter a packet may be seen between two hooks, as it leaves by the bridge's own output."""
    if case.step(frame) not in BRIDGE_TRANSLATIONS or parent is None:
        return True
    if case.direction(parent) == "out":
        return step.hook in BRIDGED
    return step.hook == "prerouting" or not case.at_bridge(frame)


def _rank(step: HookVerdict) -> int:
    """0 for what decided, 1 for what led there."""
    return int(step.verdict.verdict not in ("accept", "drop"))


def worded(case: Case, node: str, step: HookVerdict) -> Evidence | None:
    """A verdict as evidence: the rule's text, or that a chain's policy dropped the packet."""
    verdict = step.verdict
    where = f"{verdict.family} {verdict.table} {verdict.chain}"
    if verdict.type == "policy":
        return Evidence("nft-rule", "policy drop", where, "kernel", "stops") if verdict.verdict == "drop" else None
    rule = find(case, node, verdict, step.time_ns)
    if verdict.type != "rule" or rule is None:
        return None
    return Evidence("nft-rule", rule.text, f"{where} handle {verdict.handle}", "kernel", effect(rule, verdict))


def effect(rule: Rule, verdict: Verdict) -> Effect:
    """What the rule did to the packet of which the kernel reports this verdict."""
    if verdict.verdict in ("accept", "continue") and any(action.kind in TRANSLATIONS for action in rule.actions):
        return "translates"
    return EFFECTS.get(verdict.verdict, "")


def find(case: Case, node: str, verdict: Verdict, time_ns: int) -> Rule | None:
    """The rule that a verdict names, as it stood at that time; handles are never given twice."""
    return case.tables.rules.get((node, verdict.family, verdict.table, verdict.chain, verdict.handle))
