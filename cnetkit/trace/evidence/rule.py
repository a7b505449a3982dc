"""The netfilter rules that the kernel reports to have applied to this packet, the decisive ones first.

Decisive rules changed the packet, dropped it, or accepted it in a base chain; jumps and returns follow.
"""

from __future__ import annotations

from cnetkit.model import Effect, Evidence, Rule, Verdict
from cnetkit.trace.evidence import legacy
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import HookVerdict, verdicts_of
from cnetkit.trace.steps.nat import BRIDGE_TRANSLATIONS

TRANSLATIONS = {"dnat", "snat", "masquerade", "redirect", "netmap", "tproxy"}
"""Actions that change a packet's addresses, or pass it to another socket."""
EFFECTS: dict[str, Effect] = {"drop": "stops", "queue": "stops", "stolen": "stops", "accept": "accepts"}
"""The effect of a verdict; other verdicts send the packet on to another rule or chain."""
BRIDGED = ("forward", "postrouting", "")


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `nft-rule` for a frame that passed netfilter: on its way out; where it went no further; or
    where a bridge passed it up with other addresses, translated by br_netfilter."""
    out, lifted = case.direction(frame) == "out", case.step(frame) in BRIDGE_TRANSLATIONS
    if not (out or lifted or case.is_last(frame)):
        return ()
    verdicts = verdicts_of(case, frame, parent if out or lifted else None)
    verdicts = [verdict for verdict in verdicts if _concerns(case, frame, parent, verdict)]
    verdicts.sort(key=_rank)
    found = (worded(case, case.place(frame)[0], verdict) for verdict in verdicts)
    rules = tuple(dict.fromkeys(e for e in found if e is not None))  # copies of a flood meet the same rules
    return (
        rules if any(rule.effect == "translates" for rule in rules) else (*rules, *legacy.quoted(case, frame, parent))
    )


def _concerns(case: Case, frame: int, parent: int | None, verdict: HookVerdict) -> bool:
    """With br_netfilter a packet may be captured between two hooks, as it leaves at the bridge's own output."""
    if case.step(frame) not in BRIDGE_TRANSLATIONS or parent is None:
        return True
    if case.direction(parent) == "out":
        return verdict.hook in BRIDGED
    return verdict.hook == "prerouting" or not case.at_bridge(frame)


def _rank(verdict: HookVerdict) -> int:
    """0 for decisive verdicts, 1 for those that led to them."""
    return int(verdict.verdict.verdict not in ("accept", "drop"))


def worded(case: Case, node: str, verdict: HookVerdict) -> Evidence | None:
    """A verdict as evidence: the rule's text, or that a chain's policy dropped the packet."""
    report = verdict.verdict
    where = f"{report.family} {report.table} {report.chain}"
    if report.type == "policy":
        return Evidence("nft-rule", "policy drop", where, "kernel", "stops") if report.verdict == "drop" else None
    rule = find(case, node, report, verdict.time_ns)
    if report.type != "rule" or rule is None:
        return None
    return Evidence("nft-rule", rule.text, f"{where} handle {report.handle}", "kernel", effect(rule, report))


def effect(rule: Rule, verdict: Verdict) -> Effect:
    """What the rule did to the packet for which the kernel reports this verdict."""
    if verdict.verdict in ("accept", "continue") and any(action.kind in TRANSLATIONS for action in rule.actions):
        return "translates"
    return EFFECTS.get(verdict.verdict, "")


def find(case: Case, node: str, verdict: Verdict, time_ns: int) -> Rule | None:
    """The rule that a verdict names. Handles are never reused."""
    return case.tables.rules.get((node, verdict.family, verdict.table, verdict.chain, verdict.handle))
