"""The kernel's tables in a recording, by node and time: snapshots, and the events between them.

Only looks rows up. Rules of old recordings, which have only their text, are completed from it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from cnetkit.model import Connection, Event, ForwardingEntry, Interface, Neighbour, Route, Rule, Topology, Tuple5
from cnetkit.rules import completed
from cnetkit.trace.packets.packet import reply_ends
from cnetkit.trace.steps.joined import Source, connections_of
from cnetkit.trace.wiring.described import described, interfaces_of

Row = TypeVar("Row", Route, Neighbour, ForwardingEntry)

LATE_NS = 20_000_000
"""The agent may read a change this long after it took effect."""


class KernelTables:
    """The tables of all nodes of one recording. Times are nanoseconds since 1970."""

    def __init__(self, recording: Source) -> None:
        self._recording = recording
        self._at: dict[tuple[str, str, int, int], list[Any]] = {}

    @cached_property
    def described(self) -> list[Topology]:
        """Its topologies, and those of nodes that appeared in between."""
        return described(self._recording.topologies, self._recording.events)

    def _topology_of(self, node: str, time_ns: int) -> Topology:
        """The latest description of a node before `time_ns`, or else its first: its own, if it appeared, or a snapshot."""
        own = [t for t in self._appeared.get(node, ()) if t.time_ns <= time_ns] or self._appeared.get(node, [])[:1]
        if not own:
            return self.topology(time_ns)
        snapshot = self.topology(time_ns)
        inside = any(one.name == node for one in snapshot.nodes)
        return snapshot if inside and snapshot.time_ns > own[-1].time_ns else own[-1]

    @cached_property
    def _appeared(self) -> dict[str, list[Topology]]:
        """The topologies of each node that appeared."""
        by_node: dict[str, list[Topology]] = {}
        for event in self._recording.events:
            if event.kind == "node":
                by_node.setdefault(event.node, []).append(event.subject)
        return by_node

    def topology(self, time_ns: int) -> Topology:
        """The latest snapshot taken before `time_ns`, or the first one."""
        chosen = Topology()
        for number, topology in enumerate(self._recording.topologies):
            if number == 0 or topology.time_ns <= time_ns:
                chosen = topology
        return chosen

    def routes(self, node: str, time_ns: int) -> Sequence[Route]:
        """A node's routes at that time, of all its tables."""
        return self._rows(self._topology_of(node, time_ns), "routes", "route", node, time_ns)

    def neighbours(self, node: str, time_ns: int) -> Sequence[Neighbour]:
        """A node's neighbour entries at that time."""
        return self._rows(self._topology_of(node, time_ns), "neighbours", "neighbour", node, time_ns)

    def forwarding(self, node: str, time_ns: int) -> Sequence[ForwardingEntry]:
        """The entries of a node's forwarding databases at that time."""
        return self._rows(self._topology_of(node, time_ns), "forwarding", "forwarding", node, time_ns)

    def forgotten(self, node: str, mac: str, time_ns: int) -> int:
        """When a forwarding entry for this address was last removed before `time_ns`; 0 if the recording has no such event."""
        events = self._events.get(("forwarding", node), [])
        gone = (e.time_ns for e in events if e.action == "destroy" and e.subject.mac == mac)
        return max((at for at in gone if at <= time_ns + LATE_NS), default=0)

    def _rows(self, topology: Topology, table: str, kind: str, node: str, time_ns: int) -> Sequence[Any]:
        """A topology's rows of one node, with the changes that events report until a moment after `time_ns`."""
        snapshot = topology.time_ns
        events = self._events.get((kind, node), [])
        first = bisect_left(events, snapshot, key=lambda event: event.time_ns)
        events = events[first : bisect_right(events, time_ns + LATE_NS, key=lambda event: event.time_ns)]
        key = (kind, node, snapshot, len(events))
        if key not in self._at:
            rows = {row: None for row in getattr(topology, table) if row.node == node}
            for event in events:
                rows.pop(event.subject, None)  # the latest entry moves to the end
                if event.action != "destroy":
                    rows[event.subject] = None
            self._at[key] = list(rows)
        return self._at[key]

    @cached_property
    def _events(self) -> dict[tuple[str, str], list[Event]]:
        by_node: dict[tuple[str, str], list[Event]] = {}
        for event in self._recording.events:
            if event.kind in ("route", "neighbour", "forwarding"):
                by_node.setdefault((event.kind, event.node), []).append(event)
        for events in by_node.values():
            events.sort(key=lambda event: event.time_ns)
        return by_node

    @cached_property
    def rule_sets(self) -> list[Topology]:
        """Every recorded state of the netfilter chains and rules."""
        events = self._recording.events
        recorded = [*self.described, *(event.subject for event in events if event.kind == "rules")]
        return [replace(topology, rules=tuple(completed(rule) for rule in topology.rules)) for topology in recorded]

    @cached_property
    def rules(self) -> dict[tuple[str, str, str, str, int], Rule]:
        """All netfilter rules by node, family, table, chain and handle."""
        return {(r.node, r.family, r.table, r.chain, r.handle): r for t in self.rule_sets for r in t.rules}

    @cached_property
    def interfaces(self) -> dict[tuple[str, str], Interface]:
        """The latest description of each interface, while it was up if it ever was, by (node, interface name)."""
        return interfaces_of(self.described)

    @cached_property
    def addresses(self) -> dict[str, set[str]]:
        """Every IP address that each node has or had."""
        of_node: dict[str, set[str]] = {}
        for topology in self.described:
            for interface in topology.interfaces:
                of_node.setdefault(interface.node, set()).update(cidr.split("/")[0] for cidr in interface.addresses)
        return of_node

    @cached_property
    def connections(self) -> dict[tuple[str, str, Tuple5 | None], list[tuple[int, Connection]]]:
        """Conntrack entries with the time they were first read, by node, protocol, and each pair of ends they contain."""
        first_read: dict[tuple[str, int, str, Tuple5, Tuple5], tuple[int, Connection]] = {}
        tables = [(t.time_ns, c) for t in self._recording.topologies for c in t.connections]
        events = [(e.time_ns, e.subject) for e in self._recording.events if e.kind == "connection"]
        for time, entry in sorted(tables + events, key=lambda row: row[0]):
            first_read.setdefault((entry.node, entry.id, entry.protocol, entry.original, entry.reply), (time, entry))
        by_ends: dict[tuple[str, str, Tuple5 | None], list[tuple[int, Connection]]] = {}
        for time, entry in first_read.values():
            for ends in {entry.original, entry.reply, reply_ends(entry.original), reply_ends(entry.reply)}:
                by_ends.setdefault((entry.node, entry.protocol, ends), []).append((time, entry))
        return by_ends

    @cached_property
    def translations(self) -> dict[tuple[str, str, Tuple5], Tuple5]:
        """The ends that conntrack gives a packet, by node, protocol and the ends before."""
        after = {}
        for entry in connections_of(self._recording):
            for old, new in ((entry.original, reply_ends(entry.reply)), (entry.reply, reply_ends(entry.original))):
                if old != new:
                    after[entry.node, entry.protocol, old] = new
        return after
