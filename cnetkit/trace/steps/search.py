"""The state of a search for journeys: every frame in the order of time, and the parent found so far.

Steps read the columns and add pairs; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Connection
from cnetkit.recording.columns import Columns
from cnetkit.recording.frames import IN, OUT
from cnetkit.trace.arrays.digests import Rows
from cnetkit.trace.clocks.clock import Clocks
from cnetkit.trace.packets.identity import Identity
from cnetkit.trace.pairing.pairs import Pairs
from cnetkit.trace.pairing.timing import Timing, distinctive, numbered, timing_of
from cnetkit.trace.wiring.wiring import Wiring

Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Search:
    """n rows in the order of time, of units that were decoded. A row's number is its position in that order, `frame` its
    number in the recording."""

    frame: Rows
    tap: Rows
    time: NDArray[np.int64]
    direction: NDArray[np.uint8]
    identity: Identity
    columns: Columns
    """In the order of `frame`, not of the rows."""
    data: NDArray[np.uint8]
    """The octets that the columns' offsets refer to."""
    wiring: Wiring
    nodes: tuple[str, ...]
    """Their names, by the numbers in `wiring.node`."""
    connections: tuple[Connection, ...]
    clocks: Clocks
    parent: NDArray[np.int32] = field(init=False)
    """The parent row, or -1."""
    step: NDArray[np.uint8] = field(init=False)
    """The step that led to the row, as an index into STEPS; 0 for none."""
    ambiguous: Flags = field(init=False)
    only: NDArray[np.int32] = field(init=False)
    """For an ambiguous row the only parent it could have, if its rivals are other children; else -1."""
    together: list[tuple[Rows, Rows]] = field(default_factory=list, init=False)
    """Pairs of rows of one journey with no step between them."""
    raised: Flags = field(init=False)
    """Received frames that appeared again, still incoming, at an interface above."""
    passed: Flags = field(init=False)
    """Frames that appeared again, outgoing, in the same node."""
    node: Rows = field(init=False)
    """The number of each row's node."""
    bridge: Rows = field(init=False)
    """The number of the bridge; see Wiring."""
    at_bridge: Flags = field(init=False)
    """Rows captured at a bridge itself, not at a port."""
    depth: NDArray[np.uint8] = field(init=False)
    """The number of encapsulations around each row's innermost packet."""
    timing: Timing = field(init=False)
    came: Flags = field(init=False)
    left: Flags = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.frame)
        self.parent, self.only = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
        self.step = np.zeros(count, np.uint8)
        self.ambiguous, self.raised, self.passed = (np.zeros(count, np.bool_) for _ in range(3))
        wiring, tap = self.wiring, self.tap
        self.node, self.bridge, self.at_bridge = wiring.node[tap], wiring.bridge[tap], wiring.is_bridge[tap]
        self.depth = self.columns.depth[self.frame]
        self.timing = timing_of(
            self.time, tap, numbered(self.columns)[self.frame], self.identity.packet, distinctive(self.columns)[self.frame],
            len(wiring.node), self.clocks if self.clocks.clock.any() else None,
        )  # fmt: skip
        self.came, self.left = self.direction == IN, self.direction == OUT

    def incoming(self, where: Flags | bool = True) -> Rows:
        """Rows that were received and for which `where` is true, ascending."""
        return np.flatnonzero(self.came & where)

    def outgoing(self, where: Flags | bool = True) -> Rows:
        """Rows that were sent and for which `where` is true, ascending."""
        return np.flatnonzero(self.left & where)

    @property
    def orphan(self) -> Flags:
        """Rows without a parent that may still get one."""
        return (self.parent < 0) & ~self.ambiguous

    def add(self, pairs: Pairs, step: int) -> None:
        """Stores `pairs` for children that have no parent yet."""
        free = self.parent[pairs.child] < 0
        child, parent = pairs.child[free], pairs.parent[free]
        self.parent[child], self.step[child], self.ambiguous[child] = parent, step, False
        same = self.node[parent] == self.node[child]
        into = self.direction[child] == IN
        self.raised[parent[same & into & (self.direction[parent] == IN)]] = True
        self.passed[parent[same & ~into]] = True
        self.ambiguous[pairs.ambiguous] |= self.parent[pairs.ambiguous] < 0
        self.only[pairs.ambiguous] = pairs.only
