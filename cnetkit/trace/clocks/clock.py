"""Estimates the offsets between the clocks of several files, from packets that two clocks captured.

No packet arrives before it was sent. So packets of one direction bound the offset from above and those of the other
direction from below, as in NTP (RFC 5905). Frames keep their own times; the corrected times only order them. A clock
that fits without correction is not corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.frames import Frames
from cnetkit.trace.arrays.digests import Rows
from cnetkit.trace.clocks.sightings import by_two_clocks

Times = NDArray[np.int64]
FAR_NS = 3_000_000_000
"""If its offset is this far from the median, a pair of frames does not show the same packet."""
PATIENCE_NS, LEAST_NS = 1_000_000_000, 1_000
"""A clock that is bounded from one side only is corrected if packets would take longer than PATIENCE_NS or less than
no time; they are then assumed to take LEAST_NS."""
STRETCHES = 64
FASTEST = 1e-3
"""No quartz drifts by as much as a thousandth."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The times of all frames by one clock, and how the files' own clocks differ from it."""

    time: Times
    notes: tuple[str, ...]
    """One sentence for each clock that was corrected, or whose offset is unknown."""
    clock: Rows
    """For each tap the number of its clock. The next two have an element per tap, too:"""
    slack: Rows
    """By how many nanoseconds its corrected times may still be wrong, compared with other clocks."""
    island: Rows
    """Equal for clocks whose offsets are known relative to each other."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Clock `b` is ahead of clock `a` by `ahead` nanoseconds when `b` shows `at`, and gains `drift` nanoseconds per
    nanosecond."""

    a: int
    b: int
    ahead: int
    drift: float
    at: int
    packets: int
    width: float
    """The distance between the bounds in ns; infinite if there is only one."""
    unsure: float = 0.0
    """The width of the range of drifts that fit equally well."""

    def undone(self, time: Times) -> Times:
        """Converts times of clock `b` to clock `a`."""
        moved: Times = time - self.ahead_when(time)
        return moved

    def ahead_when(self, time: Times) -> Times:
        """By how much clock `b` is ahead when it shows `time`."""
        ahead: Times = self.ahead + np.rint(self.drift * (time - self.at)).astype(np.int64)
        return ahead

    def slack(self, span: int) -> float:
        """By how many nanoseconds the offset may be wrong within `span`; FAR_NS if it is bounded from one side only."""
        return self.width + self.unsure * span if np.isfinite(self.width) else FAR_NS

    def reversed(self) -> Offset:
        """The same offset, of clock `a` relative to clock `b`."""
        at, drift = self.at - self.ahead, -self.drift / (1 + -self.drift)
        return replace(self, a=self.b, b=self.a, ahead=-self.ahead, drift=drift, at=at)


def reconciled(frames: Frames, columns: Columns) -> Clocks:
    """The times of all frames by the clock of the first file."""
    names = tuple(dict.fromkeys(tap.clock for tap in frames.taps))
    if len(names) < 2:
        return Clocks(frames.time_ns, (), *np.zeros((3, len(frames.taps)), np.int64))
    nodes = {tap.node: number for number, tap in enumerate(frames.taps)}
    clock = np.array([names.index(tap.clock) for tap in frames.taps], np.int64)
    sightings = by_two_clocks(frames, columns, clock, np.array([nodes[tap.node] for tap in frames.taps], np.int64))
    own = np.clip(frames.time_ns, -(1 << 61), 1 << 61)
    early, late = sightings.early, sightings.late
    offsets = _offsets(clock[frames.tap[early]], own[early], clock[frames.tap[late]], own[late])
    offsets += _of_same_node(frames, names, {(one.a, one.b) for one in offsets if one.ahead or one.drift})
    time, notes = own.copy(), []
    by_tap = clock[frames.tap]
    paths = _paths(offsets, len(names))
    for number, path in enumerate(paths):
        if number and not path:
            notes.append(f"no packet tells how the clock of {names[number]} differs from {names[0]}'s")
        rows = np.flatnonzero(by_tap == number)
        for offset in path:
            time[rows] = offset.undone(time[rows])
        if path and len(rows) and (path[0].ahead or path[0].drift):
            notes.append(_sentence(names[number], names[path[0].a], path[0], own[rows[:1]]))
    span = int(own.max() - own.min()) if len(own) else 0
    island = np.array([path[-1].a if path else number for number, path in enumerate(paths)])
    slack = np.array([min(FAR_NS, int(sum(offset.slack(span) for offset in path))) for path in paths])
    slack[island != 0] = FAR_NS
    return Clocks(time if notes else frames.time_ns, tuple(notes), clock, slack[clock], island[clock])


def _of_same_node(frames: Frames, names: Sequence[str], differing: set[tuple[int, int]]) -> list[Offset]:
    """Files that name the same node share its clock, unless packets show otherwise: those pairs are `differing`."""
    first: dict[str, int] = {}
    pairs = {(first.setdefault(tap.node, names.index(tap.clock)), names.index(tap.clock)) for tap in frames.taps}
    same = sorted((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
    return [Offset(a, b, 0, 0.0, 0, 0, 0.0) for a, b in same if (a, b) not in differing]


def _offsets(first: Rows, sent: Times, second: Rows, came: Times) -> list[Offset]:
    """One offset for each pair of clocks that captured a packet: by `first` at `sent`, then by `second` at `came`."""
    a, b = np.minimum(first, second), np.maximum(first, second)
    onward = first == a
    ahead, shown = np.where(onward, came - sent, sent - came), np.where(onward, came, sent)
    most = int(b.max(initial=0)) + 1
    pair = a * most + b
    offsets = []
    for number in np.unique(pair).tolist():
        rows = np.flatnonzero(pair == number)
        rows = rows[np.abs(ahead[rows] - int(np.median(ahead[rows]))) < FAR_NS]
        fitted = _fitted(shown[rows], ahead[rows], onward[rows])
        offsets.append(replace(fitted, a=number // most, b=number % most))
    return offsets


def _fitted(shown: Times, ahead: Times, upper: NDArray[np.bool_]) -> Offset:
    """The line that keeps the largest distance below the `upper` bounds and above the others."""
    at, base = int(shown.min()), int(np.median(ahead))
    x, y = (shown - at).astype(np.float64), (ahead - base).astype(np.float64)
    high, low = _tightest(x[upper], y[upper]), _tightest(x[~upper], -y[~upper])
    packets = len(ahead)
    if not len(high[0]) or not len(low[0]):
        return Offset(0, 0, _from_bound(base, high[1], -low[1]), 0.0, at, packets, np.inf)

    def bounds(drift: float) -> tuple[float, float]:
        return float((-low[1] - drift * low[0]).max()), float((high[1] - drift * high[0]).min())

    def margin(drift: float) -> float:
        below, above = bounds(drift)
        return above - below

    drift = 0.0 if margin(0.0) >= 0 else _best(margin)
    below, above = bounds(drift)
    fits = drift == 0 and below + base <= 0 <= above + base
    middle = 0 if fits else base + round((below + above) / 2)
    unsure = _edge(margin, drift, FASTEST) - _edge(margin, drift, -FASTEST)
    return Offset(0, 0, middle, drift, at, packets, max(above - below, 0.0), unsure)


def _from_bound(base: int, high: NDArray[np.float64], low: NDArray[np.float64]) -> int:
    """The offset if packets were captured in one direction only, so that it is bounded from one side."""
    if len(high):
        most = base + int(high.min())
        return 0 if 0 <= most <= PATIENCE_NS else most - LEAST_NS
    least = base + int(low.max())
    return 0 if 0 <= -least <= PATIENCE_NS else least + LEAST_NS


def _tightest(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each stretch of `x` the point with the lowest `y`."""
    stretch = np.floor(x * (STRETCHES / (float(x.max(initial=0)) + 1))).astype(np.int64)
    order = np.lexsort((y, stretch))
    _, first = np.unique(stretch[order], return_index=True)
    return x[order[first]], y[order[first]]


def _best(margin: Callable[[float], float]) -> float:
    """The maximum of `margin`, which rises and then falls, by ternary search."""
    low, high = -FASTEST, FASTEST
    for _ in range(80):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if margin(left) < margin(right) else (low, right)
    return (low + high) / 2


def _edge(margin: Callable[[float], float], inside: float, outside: float) -> float:
    """The drift nearest to `outside` that still fits, by bisection."""
    for _ in range(40):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if margin(middle) >= 0 else (inside, middle)
    return inside


def _paths(offsets: list[Offset], count: int) -> list[list[Offset]]:
    """For each clock the offsets that lead to the first clock it can be compared with, over the tightest ones."""
    island = list(range(count))
    edges: dict[int, list[Offset]] = {}
    for offset in sorted(
        offsets, key=lambda offset: (offset.width, not offset.packets, offset.ahead != 0, -offset.packets)
    ):
        if island[offset.a] != island[offset.b]:
            island = [island[offset.a] if number == island[offset.b] else number for number in island]
            edges.setdefault(offset.a, []).append(offset)
            edges.setdefault(offset.b, []).append(offset.reversed())
    paths: dict[int, list[Offset]] = {}
    for root in range(count):
        open_ = [] if root in paths else [root]
        paths.setdefault(root, [])
        for here in open_:
            for offset in edges.get(here, ()):
                if offset.b not in paths:
                    paths[offset.b] = [offset, *paths[here]]
                    open_.append(offset.b)
    return [paths[number] for number in range(count)]


def _sentence(name: str, reference: str, offset: Offset, first: Times) -> str:
    """How clock `name` differs from `reference` at its first frame."""
    ahead = int(offset.ahead_when(first)[0])
    drift = f", drifting by {offset.drift * 1e6:+.1f} millionths," if offset.drift else ""
    captured = f"{offset.packets:,} packet{'s' if offset.packets > 1 else ''} seen at both"
    way = "ahead of" if ahead > 0 else "behind"
    return f"the clock of {name} is {_duration(abs(ahead))} {way} {reference}'s{drift or ','} estimated from {captured}"


def _duration(nanoseconds: int) -> str:
    for unit, size in (("s", 10**9), ("ms", 10**6)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:,.3f} {unit}"
    return f"{nanoseconds / 1000:.3f} µs"
