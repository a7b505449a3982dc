"""Frames as columns: many observations in a few numpy arrays. Never altered, never interpreted here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN, IN, OUT = 0, 1, 2
DIRECTIONS = ("unknown", "in", "out")
"""What the numbers in `Frames.direction` mean."""

LINKTYPE_ETHERNET, LINKTYPE_RAW, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2 = 1, 101, 113, 276
"""https://www.tcpdump.org/linktypes.html"""


@dataclass(frozen=True, slots=True)
class Tap:
    """Where frames were seen: one interface of one node, and how its bytes begin."""

    node: str
    interface: str
    linktype: int = LINKTYPE_ETHERNET


@dataclass(frozen=True, slots=True)
class Frames:
    """n frames in the order of the capture file. A frame's number is its index here."""

    taps: tuple[Tap, ...]
    tap: NDArray[np.int32]
    """Index into `taps`."""
    direction: NDArray[np.uint8]
    """UNKNOWN, IN or OUT, seen from the node."""
    time_ns: NDArray[np.int64]
    """Nanoseconds since 1970 (UTC)."""
    start: NDArray[np.int64]
    """Where the frame's bytes begin in `data`."""
    captured: NDArray[np.int32]
    """How many bytes were captured."""
    length: NDArray[np.int32]
    """How many bytes the frame had on the link; more than `captured` where the capture cut it."""
    data: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.tap)

    def bytes_of(self, number: int) -> bytes:
        """The captured bytes of frame `number`. IndexError where there is no such frame."""
        start = int(self.start[number])
        return self.data[start : start + int(self.captured[number])].tobytes()
