"""Exercises: something to mend or to build, graded by what packets do afterwards. Any way that works is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnetkit.model import CnetkitError, Topology
from cnetkit.trace import Trace

Grade = Callable[[Trace], str]


def setting(trace: Trace) -> object:
    """What a learner can change in a network, without what traffic changes: who compares it sees whether it was touched.

    CnetkitError for a trace without a topology.
    """
    if not trace.recording.topologies:
        raise CnetkitError("an exercise is marked by a trace of its lab; this one says nothing of its network")
    topology = trace.recording.topologies[-1]
    return (
        tuple((one.name, tuple(sorted(one.sysctls.items()))) for one in topology.nodes),
        tuple((one.node, one.name, one.mtu, one.up, one.master, one.addresses, one.mac) for one in topology.interfaces),
        tuple((one.node, one.text, one.table) for one in topology.routes),
        tuple((one.node, one.address, one.mac) for one in topology.neighbours if "PERMANENT" in one.state),
        tuple((one.node, one.text) for one in topology.forwarding if one.permanent),
        tuple((one.node, one.family, one.table, one.chain, one.text) for one in topology.rules),
        _tunnels(topology),
    )


def _tunnels(topology: Topology) -> object:
    return tuple(
        (one.node, one.name, tuple(sorted((key, str(value)) for key, value in one.details.items() if key != "ageing")))
        for one in topology.interfaces
        if one.kind == "vxlan"
    )


@dataclass(frozen=True)
class Exercise:
    """`grade` takes a trace made after the attempt and says what is still wrong, or nothing where all is well.

    What it says should differ for different mistakes. `because` and the hints are as a question's.
    """

    name: str
    text: str
    grade: Grade
    hints: tuple[str, ...] = ()
    because: str = ""
    touched: Callable[[Trace], object] = setting
    """What an attempt changes, as a trace shows it: where that is as before, and still wrong, nothing was attempted."""

    def shown(self) -> str:
        """The exercise as a learner reads it."""
        return self.text
