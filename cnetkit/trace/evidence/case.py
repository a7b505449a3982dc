"""The basis of evidence, causes and outcomes: the joined frames one by one, and the kernel's tables.

Only looks things up. The kinds of evidence are in the files beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import DIRECTIONS
from cnetkit.trace.evidence.kernel_tables import KernelTables
from cnetkit.trace.packets.packet import Packet, packet_of
from cnetkit.trace.steps import STEPS
from cnetkit.trace.steps.joined import Joined, Source
from cnetkit.trace.steps.step import Step

Answer = TypeVar("Answer")

CACHED_PACKETS = 4096
"""How many recently used packets are kept as objects."""


@dataclass(frozen=True, eq=False)
class Case:
    """A recording and its joined frames. Frames are given by their number in the recording."""

    recording: Source
    joined: Joined

    @cached_property
    def tables(self) -> KernelTables:
        """The kernel's tables, by node and time."""
        return KernelTables(self.recording)

    def place(self, frame: int) -> tuple[str, str]:
        """(node, interface)."""
        tap = self.recording.frames.taps[int(self.recording.frames.tap[frame])]
        return tap.node, tap.interface

    def direction(self, frame: int) -> str:
        """in, out or unknown."""
        return DIRECTIONS[int(self.joined.direction[frame])]

    def time(self, frame: int) -> int:
        """Nanoseconds since 1970, by the clock of the frame's own file."""
        return int(self.recording.frames.time_ns[frame])

    def parent(self, frame: int) -> int | None:
        """The frame it came from."""
        at = int(self.joined.parent[frame])
        return at if at >= 0 else None

    def step(self, frame: int) -> Step:
        """The step that led to the frame; START for the first of a journey."""
        return STEPS[int(self.joined.step[frame])]

    def packet(self, frame: int) -> Packet:
        """The innermost packet; of a fragment, the whole datagram where every fragment was captured."""
        packet = self._packets.get(frame)
        if packet is None:  # every kind of evidence needs it, and the parent's
            if len(self._packets) >= CACHED_PACKETS:
                self._packets.clear()
            packet = self._packets[frame] = packet_of(self.joined.units.columns, int(self.whole[frame]))
        return packet

    @cached_property
    def _packets(self) -> dict[int, Packet]:
        return {}

    @cached_property
    def whole(self) -> NDArray[np.int64]:
        """For each frame the unit that holds its whole packet: of a fragment the reassembled datagram, if there is one."""
        units = self.joined.units
        rows = np.arange(units.frames)
        fragment = (units.columns.fragment[units.frame] > 0) | units.columns.more[units.frame]
        rows[units.frame[fragment]] = units.unit[fragment]
        return rows

    @cached_property
    def pieces(self) -> NDArray[np.int64]:
        """For each frame how many units stand for it or for a part of it: 0 for a frame that is a unit itself."""
        return np.bincount(self.joined.units.frame, minlength=self.joined.units.frames)

    def before(self, rows: NDArray[np.int64], frame: int) -> int:
        """How many of `rows`, which are in the order of time, come before `frame`."""
        return bisect_left(rows, self.rank[frame], key=self.rank.__getitem__)

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """The place of each frame in the order of time."""
        rank = np.empty(len(self.joined.order), np.int64)
        rank[self.joined.order] = np.arange(len(rank))
        return rank

    def is_last(self, frame: int) -> bool:
        """Whether no frame came from it."""
        return bool(self._last[frame])

    @cached_property
    def _last(self) -> NDArray[np.bool_]:
        return self.joined.last()

    def at_bridge(self, frame: int) -> bool:
        """Whether it was captured at a bridge itself, not at a port."""
        return bool(self.joined.wiring.is_bridge[self.recording.frames.tap[frame]])

    def device(self, frame: int) -> str:
        """The interface that routing uses: the bridge, where the frame was captured at one of its ports."""
        place = self.place(frame)
        interface = self.tables.interfaces.get(place)
        return interface.master if interface is not None and interface.master else place[1]

    def once(self, find: Callable[[Case], Answer]) -> Answer:
        """The answer of `find` for this case, computed at the first call only."""
        if find not in self._answers:
            self._answers[find] = find(self)
        answer: Answer = self._answers[find]
        return answer

    @cached_property
    def _answers(self) -> dict[Callable[[Case], Any], Any]:
        return {}
