"""The result of the engine for one recording: each frame's parent, step and journey, as columns. Filled by engine.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Connection, Event, Topology
from cnetkit.recording.columns import Columns
from cnetkit.recording.frames import Frames
from cnetkit.trace.arrays.trees import roots
from cnetkit.trace.clocks.clock import Clocks
from cnetkit.trace.packets.units import Units
from cnetkit.trace.steps import STEPS
from cnetkit.trace.steps.step import Step
from cnetkit.trace.steps.wireguard import DECRYPTED, ENCRYPTED
from cnetkit.trace.wiring.wiring import Wiring


class Source(Protocol):
    """The parts of a Recording that the engine reads."""

    @property
    def frames(self) -> Frames:
        """In the order of the capture file."""

    @property
    def topologies(self) -> Sequence[Topology]:
        """In the order of time."""

    @property
    def events(self) -> Sequence[Event]:
        """In the order of time."""

    @property
    def captured(self) -> Sequence[str]:
        """The nodes that were captured, if not all of the topology were."""

    @property
    def filter(self) -> str:
        """The capture filter, or empty."""

    @property
    def selective(self) -> bool:
        """Whether frames are missing because they were not to be captured."""


@dataclass(frozen=True, slots=True)
class Joined:
    """n frames in the order of the recording, one element each."""

    columns: Columns
    wiring: Wiring
    parent: NDArray[np.int32]
    """The frame it came from, -1 for the first of a journey."""
    step: NDArray[np.uint8]
    """The step that led here, as an index into STEPS."""
    journey: NDArray[np.int32]
    """Counted from 0 in the order of their first frames; -1 for unexplained frames."""
    ambiguous: NDArray[np.bool_]
    """Several earlier frames could be its parent, so it has none."""
    direction: NDArray[np.uint8]
    """As recorded, or as inferred if it was unknown."""
    order: NDArray[np.int64]
    """The frames by time; at equal times by their position in the recording."""
    incomplete: NDArray[np.bool_]
    """Fragments of datagrams that were not captured completely at this interface."""
    units: Units
    """The units that the frames were joined as: see packets/units.py."""
    clocks: Clocks
    """The times of the frames by one clock."""

    def journeys(self) -> int:
        """The number of journeys."""
        return int(self.journey.max(initial=-1)) + 1

    def last(self) -> NDArray[np.bool_]:
        """The frames that no other frame came from."""
        last = np.ones(len(self.parent), np.bool_)
        last[self.parent[self.parent >= 0]] = False
        return last

    def reached_by(self, step: Step) -> NDArray[np.bool_]:
        """The frames to which this step led."""
        reached: NDArray[np.bool_] = self.step == STEPS.index(step)
        return reached

    def encrypted(self) -> NDArray[np.bool_]:
        """The frames that show a packet from its encryption on, until it is decrypted."""
        into = self.reached_by(ENCRYPTED)
        if not into.any():
            return into
        parent = self.parent.copy()
        parent[into | self.reached_by(DECRYPTED)] = -1
        return into[roots(parent)]


def connections_of(recording: Source) -> tuple[Connection, ...]:
    """All conntrack entries of the recording, from its tables and its events."""
    tables = [connection for topology in recording.topologies for connection in topology.connections]
    events = [event.subject for event in recording.events if event.kind == "connection"]
    return tuple(dict.fromkeys((*tables, *events)))
