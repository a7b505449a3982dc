"""A cause, and what every cause is shown by: settings and counters of the snapshots around a packet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnetkit.model import Evidence, Interface, OutcomeKind, Topology
from cnetkit.trace.evidence.case import Case


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a packet went no further, in words, and what shows it."""

    reason: str
    evidence: tuple[Evidence, ...]
    outcome: OutcomeKind = "dropped"


def around(case: Case, frame: int) -> tuple[Topology, ...]:
    """The last snapshot before a frame and the first one after it, as far as there are such."""
    time, found = case.time(frame), case.recording.topologies
    before = [one for one in found if one.time_ns <= time]
    after = [one for one in found if one.time_ns > time]
    return (*before[-1:], *after[:1])


def steady(case: Case, frame: int, read: Callable[[Topology], Any]) -> Any:  # noqa: ANN401
    """What `read` finds in both snapshots around a frame; None where they differ, so that it is not known at its time."""
    found = [read(topology) for topology in around(case, frame)]
    return found[0] if found and all(one == found[0] for one in found) else None


def interface(case: Case, frame: int, node: str, name: str) -> Interface | None:
    """The interface, if its state and settings were the same before and after the frame."""

    def read(topology: Topology) -> tuple[Any, ...] | None:
        one = _interface(topology, node, name)
        return (
            None
            if one is None
            else (one.kind, one.mac, one.mtu, one.up, one.master, tuple(sorted(one.details.items())))
        )

    if steady(case, frame, read) is None:
        return None
    return _interface(around(case, frame)[0], node, name)


def _interface(topology: Topology, node: str, name: str) -> Interface | None:
    return next((one for one in topology.interfaces if (one.node, one.name) == (node, name)), None)


def sysctl(case: Case, frame: int, node: str, name: str) -> str | None:
    """A node's setting, if it was the same before and after the frame."""
    value: str | None = steady(
        case, frame, lambda t: next((one.sysctls.get(name) for one in t.nodes if one.name == node), None)
    )
    return value


def grown(case: Case, frame: int, node: str, counter: str) -> int:
    """By how much a counter grew between the snapshots around a frame; 0 without two of them."""
    found = around(case, frame)
    before, after = (int(topology.counters.get(node, {}).get(counter, 0)) for topology in (found[0], found[-1]))
    return after - before


def moved(case: Case, frame: int, node: str, counter: str) -> Evidence | None:
    """Evidence that a counter of the kernel grew between the snapshots around a frame; None where it did not."""
    found = around(case, frame)
    if len(found) < 2:
        return None
    before, after = (int(topology.counters.get(node, {}).get(counter, 0)) for topology in found)
    if after <= before:
        return None
    return Evidence("counter", f"{counter} went from {before} to {after}", f"{node} counters", "table")


def setting(node: str, name: str, value: object) -> Evidence:
    """Evidence of a setting's value."""
    return Evidence("sysctl", f"{name} = {value}", node, "table")
