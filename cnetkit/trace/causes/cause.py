"""The Cause class, and the settings and counters around a packet that show a cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnetkit.model import Evidence, Interface, OutcomeKind, Topology
from cnetkit.trace.evidence.case import Case


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a packet went no further, and the evidence."""

    reason: str
    evidence: tuple[Evidence, ...]
    outcome: OutcomeKind = "dropped"


def around(case: Case, frame: int) -> tuple[Topology, ...]:
    """The last snapshot before a frame and the first one after it, if there are any."""
    time, snapshots = case.time(frame), case.recording.topologies
    before = [topology for topology in snapshots if topology.time_ns <= time]
    after = [topology for topology in snapshots if topology.time_ns > time]
    return (*before[-1:], *after[:1])


def steady(case: Case, frame: int, read: Callable[[Topology], Any]) -> Any:  # noqa: ANN401
    """The value of `read` in both snapshots around a frame; None if they differ, because then its value at that time
    is unknown."""
    values = [read(topology) for topology in around(case, frame)]
    return values[0] if values and all(value == values[0] for value in values) else None


def interface(case: Case, frame: int, node: str, name: str) -> Interface | None:
    """The interface, if its state and settings were the same before and after the frame."""

    def read(topology: Topology) -> tuple[Any, ...] | None:
        there = _interface(topology, node, name)
        return (
            None
            if there is None
            else (there.kind, there.mac, there.mtu, there.up, there.master, tuple(sorted(there.details.items())))
        )

    if steady(case, frame, read) is None:
        return None
    return _interface(around(case, frame)[0], node, name)


def _interface(topology: Topology, node: str, name: str) -> Interface | None:
    return next((i for i in topology.interfaces if (i.node, i.name) == (node, name)), None)


def sysctl(case: Case, frame: int, node: str, name: str) -> str | None:
    """A node's sysctl setting, if it was the same before and after the frame."""
    value: str | None = steady(
        case, frame, lambda t: next((n.sysctls.get(name) for n in t.nodes if n.name == node), None)
    )
    return value


def grown(case: Case, frame: int, node: str, counter: str) -> int:
    """By how much a counter increased between the snapshots around a frame; 0 without two snapshots."""
    snapshots = around(case, frame)
    before, after = (int(topology.counters.get(node, {}).get(counter, 0)) for topology in (snapshots[0], snapshots[-1]))
    return after - before


def moved(case: Case, frame: int, node: str, counter: str) -> Evidence | None:
    """Evidence that a kernel counter increased between the snapshots around a frame, or None."""
    snapshots = around(case, frame)
    if len(snapshots) < 2:
        return None
    before, after = (int(topology.counters.get(node, {}).get(counter, 0)) for topology in snapshots)
    if after <= before:
        return None
    return Evidence("counter", f"{counter} went from {before} to {after}", f"{node} counters", "table")


def setting(node: str, name: str, value: object) -> Evidence:
    """Evidence of a setting's value."""
    return Evidence("sysctl", f"{name} = {value}", node, "table")
