"""Packets that the kernel was not asked about: where there are very many, it reports the verdicts over some of them only.

Of such a one nobody saw whether a rule dropped it in the node that it came to. What is told of it rests on the others of
its flow, or on what the node answered; else it is said that this is not known.
"""

from __future__ import annotations

import numpy as np

from cnetkit.model import Evidence
from cnetkit.recording.frames import OUT
from cnetkit.recording.protocols import TCP
from cnetkit.trace.arrays.index import Index
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.evidence import rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.ruleset import by_flow, stopping
from cnetkit.trace.evidence.verdicts import heard, steps_of

ENDS = ("protocol", "src_high", "src_low", "dst_high", "dst_low", "sport", "dport")
TURNED = ("protocol", "dst_high", "dst_low", "src_high", "src_low", "dport", "sport")
SYN, FIN, ACK = 2, 1, 16


def dropped_as_its_like(case: Case, frame: int) -> Cause | None:
    """The rule that dropped all others of its flow that the kernel told of, where the rules treat a flow's packets alike."""
    if not _unheard(case, frame):
        return None
    said = _said_of_flow(case, frame)
    if said is None or not said.quote:
        return None
    return Cause(f"{said.quote}, as the others of its flow were that the kernel was asked about", (said,))


def not_known(case: Case, frame: int) -> Cause | None:
    """A rule may have dropped it: the node has such rules, and nothing shows that it came through."""
    node = case.place(frame)[0]
    rules = stopping(case, node)
    if rules is None or not _unheard(case, frame) or _answered(case, frame) or _said_of_flow(case, frame) is not None:
        return None
    return Cause(f"the kernel was not asked about it, and rules of {node} drop packets", (rules,), "lost-from-sight")


def _unheard(case: Case, frame: int) -> bool:
    c = case.joined.columns
    came_in = bool(c.version[frame]) and not c.depth[frame] and case.direction(frame) == "in"
    return came_in and not case.joined.units.cut(frame) and not heard(case, frame)


class FlowIndex:
    """Frames by the ends of their packets: those that came in somewhere, and those that began in a node."""

    def __init__(self, case: Case) -> None:
        c, joined, tap = case.joined.columns, case.joined, case.recording.frames.tap
        self.node = joined.wiring.node[tap]
        ends = [getattr(c, name) for name in ENDS]
        flags = np.where(c.protocol == TCP, c.flags, 0)
        self.like = Index(joined.order, tap, joined.direction, *ends, flags)
        began = joined.order[((joined.direction == OUT) & (joined.parent < 0))[joined.order]]
        self.sent = Index(began, self.node, *ends)
        self.said: dict[int, Evidence | None] = {}


def _said_of_flow(case: Case, frame: int) -> Evidence | None:
    """What the kernel said of all others of its flow with the same flags: the rule that dropped them, or, without a text,
    that they came through. None where it told of none, or not the same of all."""
    if not by_flow(case, case.place(frame)[0]):
        return None
    flows = case.once(FlowIndex)
    alike = flows.like.same_as(frame)
    first = int(alike[0])
    if first not in flows.said:
        found = {_said(case, int(one)) for one in alike.tolist()} - {None}
        flows.said[first] = found.pop() if len(found) == 1 else None
    return flows.said[first]


def _said(case: Case, frame: int) -> Evidence | None:
    if not heard(case, frame):
        return None
    for step in steps_of(case, frame, None):
        if step.verdict.verdict == "drop":
            said = rule.worded(case, case.place(frame)[0], step)
            return None if said is None else Evidence(said.kind, said.quote, said.source, "inferred")
    return Evidence("nft-rule", "", "", "inferred")


def _answered(case: Case, frame: int) -> bool:
    """Whether the node acknowledged it, or answered in its flow later while its rules treat a flow's packets alike."""
    c, flows = case.joined.columns, case.once(FlowIndex)
    rows = flows.sent.find(flows.node[frame], *(getattr(c, name)[frame] for name in TURNED))
    later = rows[case.before(rows, frame) :]
    if not len(later):
        return False
    flags = int(c.flags[frame])
    size = int(c.payload_length[frame]) + bool(flags & SYN) + bool(flags & FIN)
    if c.protocol[frame] == TCP and size:
        acks = later[[0, min(1, len(later) - 1), -1]]  # the first may have been on its way already; the last has all
        beyond = (c.ack[acks] - c.seq[frame] - np.uint32(size)) < 1 << 31
        if (beyond & (c.flags[acks] & ACK > 0)).any():
            return True
    return by_flow(case, case.place(frame)[0])
