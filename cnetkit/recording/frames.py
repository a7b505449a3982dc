"""Frames as columns: many observations in a few numpy arrays. Never changed, and not interpreted here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

UNKNOWN, IN, OUT = 0, 1, 2
DIRECTIONS = ("unknown", "in", "out")
"""The meaning of the numbers in `Frames.direction`."""

LINKTYPE_ETHERNET, LINKTYPE_RAW, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 = 1, 101, 113, 276
LINKTYPES_RAW, LINKTYPES_LOOPBACK = (101, 12, 14, 228, 229), (0, 108)
"""https://www.tcpdump.org/linktypes.html: those that begin with an IP header, and BSD's, with four octets before it."""


@dataclass(frozen=True, slots=True)
class Tap:
    """Where frames were captured: one interface of one node, and the type of its link header."""

    node: str
    interface: str
    linktype: int = LINKTYPE_ETHERNET
    clock: str = ""
    """Names the clock of its times: the frames of one file have one clock, files from several hosts have several."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """n frames in the order of the capture file. A frame's number is its index here.

    Two are equal if all frames and taps are equal, however the bytes are arranged in `data`.
    """

    taps: tuple[Tap, ...]
    tap: NDArray[np.int32]
    """Index into `taps`."""
    direction: NDArray[np.uint8]
    """UNKNOWN, IN or OUT, relative to the node."""
    time_ns: NDArray[np.int64]
    """Nanoseconds since 1970 (UTC)."""
    start: NDArray[np.int64]
    """Where the frame's bytes begin in `data`."""
    captured: NDArray[np.int32]
    """The number of captured bytes."""
    length: NDArray[np.int32]
    """The number of bytes on the link; more than `captured` if the capture truncated the frame."""
    data: NDArray[np.uint8]
    comments: Mapping[int, str] = field(default_factory=dict)
    """What another tool wrote beside a frame in the capture file, by the frame's number."""

    def __len__(self) -> int:
        return len(self.tap)

    def bytes_of(self, number: int) -> bytes:
        """The captured bytes of frame `number`. IndexError if there is no such frame."""
        start = int(self.start[number])
        return self.data[start : start + int(self.captured[number])].tobytes()

    def take(self, numbers: NDArray[np.integer]) -> Frames:
        """The frames with these numbers, in this order. The bytes are shared, not copied."""
        columns = ("tap", "direction", "time_ns", "start", "captured", "length")
        taken = replace(self, **{name: getattr(self, name)[numbers] for name in columns})
        if not self.comments:
            return taken
        kept = ((at, self.comments.get(number)) for at, number in enumerate(numbers.tolist()))
        return replace(taken, comments={at: text for at, text in kept if text is not None})

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frames):
            return NotImplemented
        index = {tap: number for number, tap in enumerate(dict.fromkeys(self.taps))}
        if len(self) != len(other) or index.keys() != set(other.taps):
            return False
        same = (
            np.array_equal(_renumbered(self, index), _renumbered(other, index))
            and np.array_equal(self.direction, other.direction)
            and np.array_equal(self.time_ns, other.time_ns)
            and np.array_equal(self.length, other.length)
            and np.array_equal(self.captured, other.captured)
            and self.comments == other.comments
        )
        return same and all(self.bytes_of(number) == other.bytes_of(number) for number in range(len(self)))


def no_frames() -> Frames:
    """No frames."""
    none = np.empty(0, np.int64)
    return Frames(
        (), none.astype(np.int32), none.astype(np.uint8), none, none,
        none.astype(np.int32), none.astype(np.int32), none.astype(np.uint8),
    )  # fmt: skip


def merge(parts: Sequence[Frames]) -> Frames:
    """All frames of several captures in the order of time, but never against the order within one of them.

    A capture may go back in time for a moment (a bridge and its port share a timestamp, clocks are set): a frame is
    then placed like the latest one before it, while its own `time_ns` does not change.
    """
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return no_frames()
    index: dict[Tap, int] = {}
    for part in parts:
        for tap in part.taps:
            index.setdefault(tap, len(index))
    shifts = np.cumsum([0, *(len(part.data) for part in parts)])
    whole = Frames(
        taps=tuple(index),
        tap=np.concatenate([_renumbered(part, index) for part in parts]),
        direction=np.concatenate([part.direction for part in parts]),
        time_ns=np.concatenate([part.time_ns for part in parts]),
        start=np.concatenate([part.start + shift for part, shift in zip(parts, shifts, strict=False)]),
        captured=np.concatenate([part.captured for part in parts]),
        length=np.concatenate([part.length for part in parts]),
        data=np.concatenate([part.data for part in parts]),
        comments={
            first + number: text
            for first, part in zip(np.cumsum([0, *map(len, parts)]).tolist(), parts, strict=False)
            for number, text in part.comments.items()
        },
    )
    latest = [np.maximum.accumulate(part.time_ns) for part in parts]
    return whole.take(np.argsort(np.concatenate(latest), kind="stable"))


def _renumbered(frames: Frames, index: dict[Tap, int]) -> NDArray[np.int32]:
    return np.array([index[tap] for tap in frames.taps], np.int32)[frames.tap]
