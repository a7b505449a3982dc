"""The units that the search compares: usually frames, else reassembled datagrams or pieces of a segment.

A packet that is fragmented or merged on its way looks different at each interface; its units look the same. So every
step joins them like whole packets, and the parents of units are then converted to parents of frames. Searches nothing
itself.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.frames import Frames
from cnetkit.trace.arrays.digests import Rows
from cnetkit.trace.arrays.members import members, runs

WIDE = 1 << 17
"""More than any offset in a datagram."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The first `frames` units are the frames themselves, in the order of the recording; the others were made from
    them."""

    frames: int
    columns: Columns
    tap: NDArray[np.int64]
    direction: NDArray[np.uint8]
    time: NDArray[np.int64]
    data: NDArray[np.uint8]
    """The octets that the columns' offsets refer to."""
    searched: NDArray[np.bool_]
    """Whether the unit takes part in the search; a frame does not if other units stand for it."""
    unit: Rows
    frame: Rows
    """`unit[i]` stands for `frame[i]`, or for a part of it: one row per pair, for made units only."""

    def __len__(self) -> int:
        return len(self.tap)

    def made(
        self, columns: Columns, tap: Rows, direction: NDArray[np.uint8], time: NDArray[np.int64], of: tuple[Rows, Rows],
        data: NDArray[np.uint8] | None = None,
    ) -> Units:  # fmt: skip
        """Adds units. `of` are pairs: new unit (counted from 0) and the existing unit that it stands for.

        `data` are more octets; the offsets in `columns` count from their beginning.
        """
        if data is not None:
            columns = _moved(columns, len(self.data))
        searched = np.append(self.searched, np.ones(len(tap), np.bool_))
        searched[of[1]] = False
        unit, frame = _through(self, len(self) + of[0], of[1])
        return replace(
            self,
            columns=stacked(self.columns, columns),
            tap=np.append(self.tap, tap),
            direction=np.append(self.direction, direction),
            time=np.append(self.time, time),
            data=self.data if data is None else np.append(self.data, data),
            searched=searched,
            unit=np.append(self.unit, unit),
            frame=np.append(self.frame, frame),
        )

    def in_order(self) -> Rows:
        """The units that take part, by time; at equal times by the position of the latest frame behind them."""
        place = np.arange(len(self))
        place[self.frames :] = 0
        np.maximum.at(place, self.unit, self.frame)
        rows = np.flatnonzero(self.searched)
        if len(self) == self.frames:
            return rows[np.argsort(self.time, kind="stable")]
        return rows[np.lexsort((rows, place[rows], self.time[rows]))]

    def again(self, frames: Rows) -> Units:
        """With these frames taking part as well, besides the units that stand for them."""
        searched = self.searched.copy()
        searched[frames] = True
        return replace(self, searched=searched)

    def cut(self, frame: int) -> bool:
        """Whether it is a fragment."""
        return bool(self.columns.fragment[frame] or self.columns.more[frame])

    def standing(self) -> tuple[Rows, Rows]:
        """Pairs of a unit that takes part and a frame that it stands for, sorted by frame, then by unit."""
        alive = self.searched[self.unit]
        itself = np.flatnonzero(self.searched[: self.frames])
        unit = np.append(itself, self.unit[alive])
        frame = np.append(itself, self.frame[alive])
        order = np.lexsort((unit, frame))
        return unit[order], frame[order]


def units_of(frames: Frames, columns: Columns, time: NDArray[np.int64]) -> Units:
    """Each frame as a unit of its own, ordered by `time`."""
    nothing = np.zeros(0, np.int64)
    tap, everyone = frames.tap.astype(np.int64), np.ones(len(frames), np.bool_)
    return Units(len(frames), columns, tap, frames.direction, time, frames.data, everyone, nothing, nothing)


def stacked(*parts: Columns) -> Columns:
    """The rows of several columns, one after the other."""
    return Columns(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Columns)})


def taken(columns: Columns, rows: Rows) -> Columns:
    """Copies of these rows."""
    return Columns(**{f.name: getattr(columns, f.name)[rows] for f in fields(Columns)})


def _moved(columns: Columns, by: int) -> Columns:
    places = ("payload", "network", "transport", "outer_network", "outer_transport")
    old = {name: getattr(columns, name) for name in places}
    return replace(
        columns, **{name: np.where(at > 0, at + by, at + by * (name in places[:2])) for name, at in old.items()}
    )


def _through(units: Units, unit: Rows, part: Rows) -> tuple[Rows, Rows]:
    """Pairs of unit and part; parts that were made themselves are replaced by the frames behind them."""
    made = part >= units.frames
    order, begins = members(units.unit, len(units))
    at, limits = runs(begins, part[made])
    behind = np.repeat(unit[made], np.diff(limits))
    return np.append(unit[~made], behind), np.append(part[~made], units.frame[order[at]])


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """The result of the search: one element per unit, or per frame."""

    parent: NDArray[np.int32]
    """The parent, or -1."""
    step: NDArray[np.uint8]
    ambiguous: NDArray[np.bool_]
    direction: NDArray[np.uint8]
    root: Rows
    """Equal for all rows of one journey."""


def returned(units: Units, result: JoinedRows, together: tuple[Rows, Rows]) -> JoinedRows:
    """Converts the result for units to frames.

    `together` are pairs of units that belong to one journey although no step leads from one to the other.
    """
    if not len(units.unit) and not len(together[0]):
        return result
    unit, frame = units.standing()
    first, second = together
    root = _united(np.append(result.root[unit], result.root[first]), np.append(frame, -1 - second), result.root)
    best = np.lexsort((unit, result.parent[unit] < 0, frame))  # a unit with a parent, if there is one
    leader = unit[best][np.unique(frame[best], return_index=True)[1]]
    begins = np.searchsorted(frame, np.arange(units.frames))
    return JoinedRows(
        _frames_above(units, result.parent[leader], unit, frame),
        result.step[leader],
        np.logical_or.reduceat(result.ambiguous[unit], begins),
        result.direction[leader],
        root[leader],
    )


def _frames_above(units: Units, above: NDArray[np.int32], unit: Rows, frame: Rows) -> NDArray[np.int32]:
    """For each frame its parent: of several frames that the parent unit stands for, the one that contains its octets.

    The parent of a reassembled datagram is its last fragment, with which it was complete.
    """
    parent = np.full(units.frames, -1, np.int32)
    child = np.flatnonzero(above >= 0)
    by_unit = np.lexsort((units.time[frame], unit))
    unit, frame = unit[by_unit], frame[by_unit]
    first, end = np.searchsorted(unit, above[child]), np.searchsorted(unit, above[child], side="right")
    parent[child] = frame[end - 1]
    offset = units.columns.fragment.astype(np.int64)
    cut = (offset > 0) | units.columns.more
    late = np.flatnonzero(cut[child] & (end - first > 1))
    by_offset = np.argsort(unit * WIDE + offset[frame], kind="stable")
    wanted = above[child[late]].astype(np.int64) * WIDE + offset[child[late]]
    at = np.searchsorted((unit * WIDE + offset[frame])[by_offset], wanted, "right")
    parent[child[late]] = frame[by_offset[np.maximum(at - 1, first[late])]]
    return parent


def _united(tree: Rows, tie: Rows, root: Rows) -> Rows:
    """For each unit the lowest root of all trees that are tied together; `tree[i]` contains `tie[i]`."""
    _, tie = np.unique(tie, return_inverse=True)
    least = np.arange(len(root))
    while True:
        lowest = np.full(len(tie), len(least))
        np.minimum.at(lowest, tie, least[tree])
        lower = least.copy()
        np.minimum.at(lower, tree, lowest[tie])
        lower = lower[lower]
        if np.array_equal(lower, least):
            return least[root]
        least = lower
