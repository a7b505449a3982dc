"""The kernel's drops of packets that their node wanted to send, before a frame could show them.

A capture shows a packet only after netfilter's output and postrouting hooks: the verdict has its first octets (netfilter(8)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnetkit.model import Verdict
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import OWN_TABLE, HookVerdict, by_trace, hook_names

FAMILIES = {"ip", "ip6", "inet", "netdev"}
"""The families whose hooks come before the packet sockets; a bridge's come later, and show in a journey."""
HOOKS = {"output", "postrouting", "egress"}


@dataclass(frozen=True, slots=True)
class OutputDrop:
    """A packet that its node dropped on the way out."""

    node: str
    verdict: HookVerdict
    sent: Verdict
    """The first verdict, with the headers as the packet was sent."""
    last: Verdict
    """The verdict with the headers as they were when it was dropped."""


def output_drops(case: Case) -> list[OutputDrop]:
    """The last verdicts on packets that began at the output hook and were dropped on the way out, in the kernel's order."""
    return case.once(_output_drops)


def _output_drops(case: Case) -> list[OutputDrop]:
    return list(_found(case))


def _found(case: Case) -> Iterator[OutputDrop]:
    hooks = hook_names(case)
    for node, events in by_trace(case):
        sent = last = events[0][1]
        if (sent.table, sent.chain) != (OWN_TABLE, "output") or sent.incoming or not sent.network_header:
            continue
        hook = ""
        for time, verdict in events:
            if verdict.network_header:
                hook, last = hooks.get((node, verdict.family, verdict.table, verdict.chain), hook), verdict
            if verdict.verdict == "drop" and verdict.family in FAMILIES and hook in HOOKS:
                yield OutputDrop(node, HookVerdict(time, verdict, hook), sent, last)
                break
