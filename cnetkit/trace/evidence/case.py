"""What every kind of evidence is read from: the recording, the joined frames, and its tables by node.

It only looks things up; the kinds of evidence stand in the files beside it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Connection, Event, ForwardingEntry, Interface, Neighbour, Route, Rule, Topology, Tuple5
from cnetkit.recording.frames import DIRECTIONS
from cnetkit.rules import completed
from cnetkit.trace.packets.packet import Packet, packet_of
from cnetkit.trace.steps import STEPS
from cnetkit.trace.steps.joined import Joined, Source, connections_of
from cnetkit.trace.steps.step import Step


def turned(ends: Tuple5) -> Tuple5:
    """The ends as a reply has them."""
    return Tuple5(ends.destination, ends.source, ends.destination_port, ends.source_port)


Row = TypeVar("Row", Route, Neighbour, ForwardingEntry)
Known = TypeVar("Known")


@dataclass(frozen=True, eq=False)
class Case:
    """A recording and the journeys found in it. Frames are given by their number."""

    recording: Source
    joined: Joined

    def place(self, frame: int) -> tuple[str, str]:
        """(node, interface)."""
        tap = self.recording.frames.taps[int(self.recording.frames.tap[frame])]
        return tap.node, tap.interface

    def direction(self, frame: int) -> str:
        """in, out or unknown."""
        return DIRECTIONS[int(self.joined.direction[frame])]

    def time(self, frame: int) -> int:
        """Nanoseconds since 1970."""
        return int(self.recording.frames.time_ns[frame])

    def step(self, frame: int) -> Step:
        """The step that led to the frame; START for the first of a journey."""
        return STEPS[int(self.joined.step[frame])]

    def packet(self, frame: int) -> Packet:
        """The innermost packet; of a fragment, the whole datagram where that was seen."""
        found = self._packets.get(frame)
        if found is None:  # every kind of evidence asks for it, and for the parent's
            if len(self._packets) >= KEPT:
                self._packets.clear()
            found = self._packets[frame] = packet_of(self.joined.units.columns, self.whole(frame))
        return found

    def whole(self, frame: int) -> int:
        """The unit that a frame is a fragment of, or the frame itself."""
        return int(self._wholes[frame])

    @cached_property
    def _wholes(self) -> NDArray[np.int64]:
        units = self.joined.units
        found = np.arange(units.frames)
        cut = (units.columns.fragment[units.frame] > 0) | (units.columns.more[units.frame] > 0)
        found[units.frame[cut]] = units.unit[cut]
        return found

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """The place of each frame in the order of time."""
        found = np.empty(len(self.joined.order), np.int64)
        found[self.joined.order] = np.arange(len(found))
        return found

    def before(self, rows: NDArray[np.int64], frame: int) -> int:
        """How many of `rows`, which are in the order of time, stand before `frame`."""
        return bisect_left(rows, self.rank[frame], key=self.rank.__getitem__)

    @cached_property
    def pieces(self) -> NDArray[np.int64]:
        """How many units stand for a part of each frame, or for all of it: 0 for a frame that is one itself."""
        return np.bincount(self.joined.units.frame, minlength=self.joined.units.frames)

    @cached_property
    def _packets(self) -> dict[int, Packet]:
        return {}

    def topology(self, time_ns: int) -> Topology:
        """The latest snapshot taken before `time_ns`, or the first one."""
        chosen = Topology()
        for number, topology in enumerate(self.recording.topologies):
            if number == 0 or topology.time_ns <= time_ns:
                chosen = topology
        return chosen

    def is_last(self, frame: int) -> bool:
        """Whether nothing came after it."""
        return not self._goes_on[frame]

    @cached_property
    def _goes_on(self) -> NDArray[np.bool_]:
        found = np.zeros(len(self.joined.parent), np.bool_)
        found[self.joined.parent[self.joined.parent >= 0]] = True
        return found

    def at_bridge(self, frame: int) -> bool:
        """Whether it was seen at a bridge itself, not at a port."""
        return bool(self.joined.wiring.is_bridge[self.recording.frames.tap[frame]])

    @cached_property
    def rule_sets(self) -> list[Topology]:
        """All that was recorded of chains and rules. Rules of old recordings are completed from their text."""
        recorded = [*self.recording.topologies, *(e.subject for e in self.recording.events if e.kind == "rules")]
        return [replace(one, rules=tuple(completed(rule) for rule in one.rules)) for one in recorded]

    @cached_property
    def rules(self) -> dict[tuple[str, str, str, str, int], Rule]:
        """All netfilter rules by node, family, table, chain and handle."""
        return {(r.node, r.family, r.table, r.chain, r.handle): r for t in self.rule_sets for r in t.rules}

    def rows(self, table: Iterable[Row], kind: str, node: str, time_ns: int) -> Sequence[Row]:
        """A snapshot's rows of one node, and what events changed in them up to a moment after `time_ns`."""
        snapshot = self.topology(time_ns).time_ns
        events = self._events.get((kind, node), [])
        first = bisect_left(events, snapshot, key=lambda event: event.time_ns)
        events = events[first : bisect_right(events, time_ns + LATE_NS, key=lambda event: event.time_ns)]
        key = (kind, node, snapshot, len(events))
        if key not in self._tables:
            rows = {row: None for row in table if row.node == node}
            for event in events:
                rows.pop(event.subject, None)  # the latest stands last
                if event.action != "destroy":
                    rows[event.subject] = None
            self._tables[key] = list(rows)
        return self._tables[key]

    def once(self, find: Callable[[Case], Known]) -> Known:
        """What `find` finds out of this case; it is asked the first time only."""
        if find not in self._known:
            self._known[find] = find(self)
        found: Known = self._known[find]
        return found

    @cached_property
    def _known(self) -> dict[Callable[[Case], Any], Any]:
        return {}

    @cached_property
    def routed(self) -> dict[Hashable, Any]:
        """What route.py looked up already."""
        return {}

    @cached_property
    def _tables(self) -> dict[tuple[str, str, int, int], list[Any]]:
        return {}

    @cached_property
    def _events(self) -> dict[tuple[str, str], list[Event]]:
        found: dict[tuple[str, str], list[Event]] = {}
        for event in self.recording.events:
            if event.kind in ("route", "neighbour", "forwarding"):
                found.setdefault((event.kind, event.node), []).append(event)
        for events in found.values():
            events.sort(key=lambda event: event.time_ns)
        return found

    @cached_property
    def interfaces(self) -> dict[tuple[str, str], Interface]:
        """The latest description of each interface."""
        return {(i.node, i.name): i for topology in self.recording.topologies for i in topology.interfaces}

    @cached_property
    def entries(self) -> dict[tuple[str, str, Tuple5 | None], list[tuple[int, Connection]]]:
        """Conntrack entries with the time they were first read, by node, protocol, and each end they have."""
        begun: dict[tuple[str, int, str, Tuple5, Tuple5], tuple[int, Connection]] = {}
        tables = [(t.time_ns, c) for t in self.recording.topologies for c in t.connections]
        events = [(e.time_ns, e.subject) for e in self.recording.events if e.kind == "connection"]
        for time, entry in sorted(tables + events, key=lambda one: one[0]):
            begun.setdefault((entry.node, entry.id, entry.protocol, entry.original, entry.reply), (time, entry))
        found: dict[tuple[str, str, Tuple5 | None], list[tuple[int, Connection]]] = {}
        for time, entry in begun.values():
            for ends in {entry.original, entry.reply, turned(entry.original), turned(entry.reply)}:
                found.setdefault((entry.node, entry.protocol, ends), []).append((time, entry))
        return found

    @cached_property
    def translations(self) -> dict[tuple[str, str, Tuple5], Tuple5]:
        """What conntrack turns a packet's ends into, by node, protocol and the ends before."""
        found = {}
        for entry in connections_of(self.recording):
            for old, new in ((entry.original, turned(entry.reply)), (entry.reply, turned(entry.original))):
                if old != new:
                    found[entry.node, entry.protocol, old] = new
        return found

    @cached_property
    def addresses(self) -> dict[str, set[str]]:
        """The addresses that each node has or had."""
        found: dict[str, set[str]] = {}
        for topology in self.recording.topologies:
            for interface in topology.interfaces:
                found.setdefault(interface.node, set()).update(cidr.split("/")[0] for cidr in interface.addresses)
        return found

    def device(self, frame: int) -> str:
        """The interface that routing knows: the bridge, where the frame was seen at one of its ports."""
        place = self.place(frame)
        interface = self.interfaces.get(place)
        return interface.master if interface is not None and interface.master else place[1]


KEPT = 4096
"""Packets that are kept as objects: those asked for lately."""

LATE_NS = 20_000_000
"""How late the agent may have read a change that was in force already."""
