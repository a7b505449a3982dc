"""The frames of a trace that belong to no journey, and why. Objects are made on access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Unexplained
from cnetkit.recording.columns import problem
from cnetkit.trace.arrays.distinct import Distinct, distinct

if TYPE_CHECKING:
    from cnetkit.trace.query.analysis import Analysis


class UnexplainedFrames(Sequence[Unexplained]):
    """One per frame of `frames`, in the order of the recording."""

    def __init__(self, analysis: Analysis, frames: NDArray[np.int64]) -> None:
        self._analysis = analysis
        self.frames = frames
        """Their numbers in the recording."""

    @cached_property
    def texts(self) -> Distinct[str]:
        """The reason of each."""
        frames, columns = self._analysis.recording.frames, self._analysis.joined.columns
        linktype = np.array([tap.linktype for tap in frames.taps] or [0], np.int64)[frames.tap[self.frames]]
        keys = linktype << 8 | columns.problem[self.frames]
        return distinct(keys, lambda row: problem(frames, columns, int(self.frames[row])))

    @property
    def reasons(self) -> Counter[str]:
        """How many there are for each reason."""
        counts = np.bincount(self.texts.code, minlength=len(self.texts.words)).tolist()
        return Counter(dict(zip(self.texts.words, counts, strict=True)))

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, at: int) -> Unexplained: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Unexplained, ...]: ...
    def __getitem__(self, at: int | slice) -> Unexplained | tuple[Unexplained, ...]:
        places = range(len(self))[at]
        return self._made(places) if isinstance(places, int) else tuple(map(self._made, places))

    def _made(self, at: int) -> Unexplained:
        return Unexplained(int(self.frames[at]), self.texts.words[int(self.texts.code[at])])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        listed = ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())
        return f"<{len(self):,} unexplained frames{f': {listed}' if listed else ''}>"
