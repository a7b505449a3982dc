"""Finds the journeys of a recording: decodes, orders, tries each rule in turn, and follows parents to their roots.

Works on columns from end to end; no Python loop runs over packets. It explains nothing: see evidence/.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Connection, Event, Topology
from cnetkit.recording.columns import PROBLEMS, Columns, decode
from cnetkit.recording.frames import LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, UNKNOWN, Frames
from cnetkit.trace import (
    bridge,
    copies,
    datagrams,
    flood,
    forwarding,
    fragments,
    gap,
    link,
    nat,
    sealed,
    segments,
    tunnel,
)
from cnetkit.trace.clock import Clocks, reconciled
from cnetkit.trace.identity import Rows, identify
from cnetkit.trace.infer import inferred
from cnetkit.trace.orient import oriented
from cnetkit.trace.pairing import Pairs
from cnetkit.trace.search import Search
from cnetkit.trace.seen import numbered
from cnetkit.trace.stacks import stacked
from cnetkit.trace.units import Found, Units, returned, units_of
from cnetkit.trace.wiring import Wiring, node_names, wire


class Source(Protocol):
    """What of a Recording the engine reads."""

    @property
    def frames(self) -> Frames:
        """In the order of the capture file."""

    @property
    def topologies(self) -> Sequence[Topology]:
        """In the order of time."""

    @property
    def events(self) -> Sequence[Event]:
        """In the order of time."""


RULES: tuple[tuple[str, Callable[[Search], Pairs]], ...] = (
    ("link", link.crossed),
    ("bridge-up", bridge.taken_up),
    ("stacked-up", tunnel.stacked_up),
    ("unwrapped", tunnel.unwrapped),
    ("bridge-down", bridge.sent_down),
    ("stacked-down", tunnel.stacked_down),
    ("bridge-forward", bridge.forwarded),
    ("wrapped", tunnel.wrapped),
    ("route", forwarding.routed),
    ("bridge-nat", nat.lifted),
    ("nat", nat.translated),
    ("bridge-nat", nat.filtered),
    ("decrypted", sealed.decrypted),
    ("encrypted", sealed.encrypted),
    ("copy", copies.doubled),
    ("flood", flood.spread),
    ("gap", gap.unseen),
)
"""The steps a packet can make, in the order in which they are tried."""

NAMES = ("", *(name for name, _ in RULES))
"""What the numbers in `Joined.rule` mean."""


@dataclass(frozen=True, slots=True)
class Joined:
    """n frames in the order of the recording, one element each."""

    columns: Columns
    wiring: Wiring
    parent: NDArray[np.int32]
    """The frame it came from, -1 for the first of a journey."""
    rule: NDArray[np.uint8]
    """Index into NAMES: the step that led here."""
    journey: NDArray[np.int32]
    """Counted from 0 in the order of their first frames; -1 for what is unexplained."""
    ambiguous: NDArray[np.bool_]
    """Several earlier frames could be its parent, so none is."""
    direction: NDArray[np.uint8]
    """As recorded, or as found out where it was not."""
    order: NDArray[np.int64]
    """The frames by time, and by their place in the recording where times are equal."""
    incomplete: NDArray[np.bool_]
    """Fragments of datagrams of which not all was seen at this interface."""
    units: Units
    """What the frames were joined as: see units.py."""
    clocks: Clocks
    """Their times by one clock."""

    def steps(self, *names: str) -> NDArray[np.bool_]:
        """The frames to which one of these rules led."""
        found: NDArray[np.bool_] = np.isin(self.rule, [NAMES.index(name) for name in names])
        return found

    def encrypted(self) -> NDArray[np.bool_]:
        """The frames that show a packet from its encryption on, until it is decrypted."""
        into = self.steps("encrypted")
        if not into.any():
            return into
        parent = self.parent.copy()
        parent[into | self.steps("decrypted")] = -1
        return into[_roots(parent)]


def join(recording: Source) -> Joined:
    """The journeys of all frames. Any bytes are taken; each frame has one journey, or -1 and a `problem`."""
    frames = recording.frames
    columns = decode(frames)
    wiring = wire(frames.taps, recording.topologies)
    clocks = reconciled(frames, columns)
    units, incomplete = fragments.put_together(units_of(frames, columns, clocks.time), wiring.sealed)
    units = datagrams.cut_alike(segments.cut_alike(units))
    order = units.in_order()
    addressed = not any(tap.linktype in (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2) for tap in frames.taps)
    identity = identify(units.columns, order, addressed)
    tap, direction, time = units.tap[order], units.direction[order], units.time[order]
    if (direction == UNKNOWN).any():
        direction = oriented(
            direction,
            tap,
            wiring.node[tap],
            time,
            identity.wire,
            units.columns.eth_src[order],
            units.columns.eth_dst[order],
            wiring.address[tap],
            np.array([one.interface == "lo" for one in frames.taps], np.bool_)[tap],
            numbered(units.columns)[order],
            clocks.slack[tap],
        )
    wiring = inferred(wiring, tap, direction, time, identity, units.columns.depth[order])
    wiring = stacked(wiring, tap, direction, identity.inner, units.columns.vlan[order])
    search = Search(
        order,
        tap,
        time,
        direction,
        identity,
        units.columns,
        units.data,
        wiring,
        node_names(frames.taps),
        connections_of(recording),
        units.columns.problem[order] == 0,
        clocks,
    )
    for number, (_, rule) in enumerate(RULES, 1):
        search.add(rule(search), number)
    _uncircle(search.parent)
    return _of_frames(search, units, columns, incomplete, clocks)


def connections_of(recording: Source) -> tuple[Connection, ...]:
    """All conntrack entries that the recording tells of, in its tables and its events."""
    tables = [connection for topology in recording.topologies for connection in topology.connections]
    events = [event.subject for event in recording.events if event.kind == "connection"]
    return tuple(dict.fromkeys((*tables, *events)))


def problem(columns: Columns, frame: int) -> str:
    """Why a frame stands in no journey."""
    return PROBLEMS[int(columns.problem[frame])]


def _roots(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each row the first of its tree, by pointer jumping; rows of a circle never arrive."""
    root = np.where(parent < 0, np.arange(len(parent), dtype=np.int32), parent)
    for _ in range(len(parent).bit_length() + 1):
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    return root


def _uncircle(parent: NDArray[np.int32]) -> None:
    """Cuts a step back within one tick of the clock where it would close a circle."""
    back = np.flatnonzero(parent > np.arange(len(parent)))
    if not len(back):
        return
    root = _roots(parent)
    circling = back[parent[root[back]] >= 0]
    parent[circling] = -1


def _of_frames(search: Search, units: Units, columns: Columns, incomplete: tuple[Rows, Rows], clocks: Clocks) -> Joined:
    """What the search found for its rows, said of the frames."""
    order, count = search.frame, units.frames
    parent, rule, root = np.full(len(units), -1, np.int32), np.zeros(len(units), np.uint8), np.arange(len(units))
    ambiguous, direction = np.zeros(len(units), np.bool_), units.direction.copy()
    parent[order] = np.where(search.parent < 0, -1, order[np.maximum(search.parent, 0)])
    rule[order], ambiguous[order], direction[order] = search.rule, search.ambiguous, search.direction
    root[order] = order[_roots(search.parent)]
    loose = [incomplete, *((order[one], order[other]) for one, other in search.together)]
    together = (np.concatenate([one for one, _ in loose]), np.concatenate([other for _, other in loose]))
    found = returned(units, Found(parent, rule, ambiguous, direction, root), together)
    by_time = np.argsort(units.time[:count], kind="stable").astype(np.int64)
    journey = np.full(count, -1, np.int32)
    usable = by_time[columns.problem[by_time] == 0]
    _, first, number = np.unique(found.root[usable], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    journey[usable] = rank[number]
    lacking = np.zeros(len(units), np.bool_)
    lacking[incomplete[0]] = True
    return Joined(
        columns, search.wiring, found.parent, found.rule, journey, found.ambiguous, found.direction, by_time,
        lacking[:count], units, clocks,
    )  # fmt: skip
