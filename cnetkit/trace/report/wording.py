"""A journey in sentences, for a learner. Quotes evidence and adds no claim of its own."""

from __future__ import annotations

from collections.abc import Sequence

from cnetkit.model import Change, Hop, Outcome
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.steps.link import LINK

LOOPED = "came back in at {here}"
"""The sentence of a link step at a loopback interface."""
REASONS = {
    "nft-rule": "because of the rule `{quote}` ({source})",
    "conntrack": "as the connection's entry says: `{quote}` ({source})",
    "route": "by the route `{quote}` ({source})",
    "forwarding-entry": "by the forwarding table: `{quote}` ({source})",
    "order": "inferred from the order of frames only ({quote})",
}
"""The clause for each kind of evidence; other kinds appear only in `Journey.why`."""

ENDINGS = {
    "delivered": "It was delivered at {where}{known}.",
    "arrived": "It arrived at {where}; the recording does not show whether it was accepted there.",
    "left": "It left what was captured at {where}.",
    "consumed": "It was consumed at {where}: {reason}.",
    "dropped": "It was dropped after {where}: {reason}.",
    "lost-from-sight": "It was last captured at {where}; the recording does not show what happened next.",
    "ambiguous": "Where it came from is ambiguous: {reason}.",
}


def summary(case: Case, first: int, ended: Outcome) -> str:
    """`tcp SYN 203.0.113.2:42876 → 203.0.113.1:8080: delivered at web/eth0`."""
    packet = case.packet(first)
    what = f"{packet.protocol} {packet.kind}".strip()
    where = {"lost-from-sight": "last seen at", "dropped": "after", "left": "what was captured at"}.get(
        ended.kind, "at"
    )
    return f"{what} {packet.source} → {packet.destination}: {ended.kind} {where} {ended.where}"


def steps(case: Case, hops: Sequence[Hop], ended: Outcome) -> str:
    """The whole journey: a numbered sentence per step, each with at most one reason, the decisive one; and how it ended."""
    first = hops[0]
    packet = case.packet(first.frame)
    begun = "sent" if first.direction == "out" else "first seen"
    what = f"{packet.protocol} {packet.kind}".strip()
    described = _once(case, hops)
    sentences = [
        f"A packet ({what}) from {packet.source} to {packet.destination} was {begun} at {_place(first)}{_why(first)}.",
        *(_sentence(case, hop) for hop in described[1:]),
    ]
    lines = [f"{number}. {sentence}" for number, sentence in enumerate(sentences, 1)]
    if len(described) < len(hops):
        lines.insert(
            0, f"It travelled in pieces, {len(hops)} frames in all; only the first piece at each place is described."
        )
    reason = "".join(f"{ended.reason} ({e.source})" for e in ended.evidence[:1]) or ended.reason
    if ended.kind in ("lost-from-sight", "arrived") and ended.reason:
        verb = "was last seen" if ended.kind == "lost-from-sight" else "arrived"
        lines.append(f"It {verb} at {ended.where}: {reason}.")
    else:
        lines.append(ENDINGS[ended.kind].format(where=ended.where, reason=reason, known=_known(ended)))
    return "\n".join(lines)


def _known(ended: Outcome) -> str:
    """How it is known that a packet was delivered."""
    return f": {ended.evidence[-1].quote}" if ended.evidence else ""


def _once(case: Case, hops: Sequence[Hop]) -> list[Hop]:
    """Its hops; for a packet in pieces the first at each place and in each direction."""
    frames = [hop.frame for hop in hops]
    if not (case.pieces[frames].any() or case.joined.incomplete[frames].any()):
        return list(hops)
    first = {(hop.node, hop.interface, hop.direction): hop for hop in reversed(hops)}
    return [hop for hop in hops if first[hop.node, hop.interface, hop.direction] is hop]


def _sentence(case: Case, hop: Hop) -> str:
    step, here = case.step(hop.frame), _place(hop)
    sentence = LOOPED if hop.interface == "lo" and step is LINK else step.sentence
    rewritten = [text for change in hop.changes if (text := _rewritten(case, hop, change))]
    if rewritten:
        sentence = step.after_rewriting or sentence
        return f"{hop.node} rewrote the {' and the '.join(rewritten)}{_why(hop)}. It {sentence.format(here=here)}{_lesser(hop)}."
    return f"It {sentence.format(here=here)}{_lesser(hop)}{_why(hop)}."


def _rewritten(case: Case, hop: Hop, change: Change) -> str:
    """`destination 203.0.113.1:8080 to 172.17.0.2:80`, once for an address and its port."""
    parent = hop.parent
    layer, _, name = change.field.partition(".")
    if parent is None or name not in ("src", "dst", "srcport", "dstport") or layer == "eth":
        return ""
    fields = {each.field for each in hop.changes}
    if name.endswith("port") and fields & {f"ip.{name[:3]}", f"ipv6.{name[:3]}"}:
        return ""
    old, new = case.packet(parent), case.packet(hop.frame)
    if name.startswith("src"):
        return f"source {old.source} to {new.source}"
    return f"destination {old.destination} to {new.destination}"


def _lesser(hop: Hop) -> str:
    """The changes that every router makes, briefly."""
    changes = [
        f"the {c.field} went from {c.before} to {c.after}" for c in hop.changes if c.field.endswith((".ttl", ".hlim"))
    ]
    if any(c.field.startswith("eth.") for c in hop.changes):
        changes.append("it got the MAC addresses of its next stretch")
    return f"; {' and '.join(changes)}" if changes else ""


def comment(hop: Hop) -> str:
    """A hop's changes and evidence in a few lines, for a packet comment."""
    lines = [f"{c.field}: {c.before} → {c.after}" for c in hop.changes]
    lines += [f"{e.kind}: {e.quote} ({e.source}, {e.strength})" for e in hop.evidence]
    return "\n".join(lines)


def _place(hop: Hop) -> str:
    return f"{hop.node}/{hop.interface}"


def _why(hop: Hop) -> str:
    """The decisive reason: the first piece of evidence that is more than the order of frames."""
    for item in hop.evidence:
        if item.kind == "route" and hop.direction == "in":
            return f"; {hop.node} accepts it, by `{item.quote}` ({item.source})"
        if item.kind in REASONS:
            return f", {REASONS[item.kind].format(quote=item.quote, source=item.source)}"
    return ""
