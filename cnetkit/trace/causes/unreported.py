"""Packets without a reported verdict: at high rates the kernel reports the verdicts on some packets only.

Whether a rule dropped such a packet in its node is inferred from other packets of the same flow, or from the node's
reply. If neither exists, the outcome is unknown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnetkit.model import Evidence
from cnetkit.recording.frames import OUT
from cnetkit.recording.protocols import TCP
from cnetkit.trace.arrays.index import Index
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.evidence import rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.ruleset import by_flow, stopping
from cnetkit.trace.evidence.verdicts import reported, verdicts_of

ENDS = ("protocol", "src_high", "src_low", "dst_high", "dst_low", "sport", "dport")
TURNED = ("protocol", "dst_high", "dst_low", "src_high", "src_low", "dport", "sport")
SYN, FIN, ACK = 2, 1, 16


def dropped_with_its_flow(case: Case, frame: int) -> Cause | None:
    """The rule that dropped all reported packets of its flow, if the node's rules treat all packets of a flow the
    same."""
    if not _unreported(case, frame):
        return None
    verdict = _flow_verdict(case, frame)
    if verdict is None or not verdict.quote:
        return None
    return Cause(f"{verdict.quote}, as the others of its flow were that the kernel was asked about", (verdict,))


def verdict_unknown(case: Case, frame: int) -> Cause | None:
    """A rule may have dropped it: the node has such rules, and nothing shows that the packet passed them."""
    node = case.place(frame)[0]
    rules = stopping(case, node)
    if (
        rules is None
        or not _unreported(case, frame)
        or _answered(case, frame)
        or _flow_verdict(case, frame) is not None
    ):
        return None
    return Cause(f"the kernel was not asked about it, and rules of {node} drop packets", (rules,), "lost-from-sight")


def _unreported(case: Case, frame: int) -> bool:
    c = case.joined.columns
    came_in = bool(c.version[frame]) and not c.depth[frame] and case.direction(frame) == "in"
    return came_in and not case.joined.units.cut(frame) and not reported(case, frame)


class FlowIndex:
    """Frames by the ends of their packets: received ones, and those that began in a node."""

    def __init__(self, case: Case) -> None:
        c, joined, tap = case.joined.columns, case.joined, case.recording.frames.tap
        self.node = joined.wiring.node[tap]
        ends = [getattr(c, name) for name in ENDS]
        flags = np.where(c.protocol == TCP, c.flags, 0)
        self.same_flow = Index(joined.order, tap, joined.direction, *ends, flags)
        began = joined.order[((joined.direction == OUT) & (joined.parent < 0))[joined.order]]
        self.sent = Index(began, self.node, *ends)
        self.verdicts: dict[int, Evidence | None] = {}


def _flow_verdict(case: Case, frame: int) -> Evidence | None:
    """The verdict on all reported packets of its flow with the same flags: the rule that dropped them, or evidence
    without a text if they passed. None if no packet was reported, or if verdicts differ."""
    if not by_flow(case, case.place(frame)[0]):
        return None
    flows = case.once(FlowIndex)
    same_flow = flows.same_flow.same_as(frame)
    first = int(same_flow[0])
    if first not in flows.verdicts:
        verdicts = {_reported_verdict(case, int(packet)) for packet in same_flow.tolist()} - {None}
        flows.verdicts[first] = verdicts.pop() if len(verdicts) == 1 else None
    return flows.verdicts[first]


def _reported_verdict(case: Case, frame: int) -> Evidence | None:
    if not reported(case, frame):
        return None
    for verdict in verdicts_of(case, frame, None):
        if verdict.verdict.verdict == "drop":
            worded = rule.worded(case, case.place(frame)[0], verdict)
            return None if worded is None else replace(worded, strength="inferred")
    return Evidence("nft-rule", "", "", "inferred")


def _answered(case: Case, frame: int) -> bool:
    """Whether the node acknowledged it, or answered in its flow later while its rules treat all packets of a flow the
    same."""
    c, flows = case.joined.columns, case.once(FlowIndex)
    rows = flows.sent.find(flows.node[frame], *(getattr(c, name)[frame] for name in TURNED))
    later = rows[case.before(rows, frame) :]
    if not len(later):
        return False
    flags = int(c.flags[frame])
    size = int(c.payload_length[frame]) + bool(flags & SYN) + bool(flags & FIN)
    if c.protocol[frame] == TCP and size:
        # the first may have been sent before; the last acknowledges everything
        acks = later[[0, min(1, len(later) - 1), -1]]
        beyond = (c.ack[acks] - c.seq[frame] - np.uint32(size)) < 1 << 31
        if (beyond & (c.flags[acks] & ACK != 0)).any():
            return True
    return by_flow(case, case.place(frame)[0])
