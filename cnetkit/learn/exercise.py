"""Exercises: something to repair or to build, graded by what packets do afterwards. Every repair that works is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnetkit.model import CnetkitError, Topology
from cnetkit.trace import Trace

Grade = Callable[[Trace], str]


def setting(trace: Trace) -> object:
    """Everything that a learner can change in a network, and nothing that traffic changes. Compare two to see an attempt.

    CnetkitError if the trace has no topology.
    """
    if not trace.recording.topologies:
        raise CnetkitError("this trace has no topology, and an exercise is marked by one: capture it with lab.trace()")
    topology = trace.recording.topologies[-1]
    return (
        tuple((node.name, tuple(sorted(node.sysctls.items()))) for node in topology.nodes),
        tuple((i.node, i.name, i.mtu, i.up, i.master, i.addresses, i.mac) for i in topology.interfaces),
        tuple((route.node, route.text, route.table) for route in topology.routes),
        tuple((entry.node, entry.address, entry.mac) for entry in topology.neighbours if "PERMANENT" in entry.state),
        tuple((entry.node, entry.text) for entry in topology.forwarding if entry.permanent),
        tuple((rule.node, rule.family, rule.table, rule.chain, rule.text) for rule in topology.rules),
        _tunnels(topology),
    )


def _tunnels(topology: Topology) -> object:
    return tuple(
        (i.node, i.name, tuple(sorted((key, str(value)) for key, value in i.details.items() if key != "ageing")))
        for i in topology.interfaces
        if i.kind == "vxlan"
    )


@dataclass(frozen=True)
class Exercise:
    """`grade` takes a trace made after the attempt and returns what is still wrong, or an empty string.

    Different mistakes should get different feedback. `because` and `hints` are as in a question.
    """

    name: str
    text: str
    grade: Grade
    hints: tuple[str, ...] = ()
    because: str = ""
    touched: Callable[[Trace], object] = setting
    """What an attempt changes, as a trace shows it. If it is as before and `grade` is not content, nothing was attempted."""

    def shown(self) -> str:
        """The exercise as a learner reads it."""
        return self.text
