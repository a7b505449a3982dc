"""The last seconds of a recording, while the capture still runs or afterwards. Time is taken from the frames, not from
a clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cnetkit.recording.recording import Recording
    from cnetkit.trace.query.analysis import Analysis

LEAD_S = 0.05
"""Frames from this long before are included in the analysis, so that no journey is cut in two; their journeys are left
out."""
UNDERWAY_S = 0.02
"""While the capture runs, journeys younger than this may be incomplete: rings pass on their frames within 10 ms."""


def latest(recording: Recording, seconds: float) -> Recording:
    """The recording with the frames and verdicts of its last `seconds`, and all other events."""
    frames = recording.frames
    if not len(frames):
        return recording
    begin = int(frames.time_ns.max()) - int((seconds + LEAD_S) * 1e9)
    kept = frames.take(np.flatnonzero(frames.time_ns >= begin))
    events = tuple(event for event in recording.events if event.kind != "verdict" or event.time_ns >= begin)
    return replace(recording, frames=kept, events=events)


def begun_within(
    analysis: Analysis, seconds: float, until_ns: int | None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The journeys that began in the last `seconds`, and not after `until_ns` if it is given."""
    time = analysis.recording.frames.time_ns
    newest, begun = int(time.max(initial=0)), time[analysis.journeys.first]
    chosen = begun >= newest - int(seconds * 1e9)
    return np.flatnonzero(chosen if until_ns is None else chosen & (begun <= until_ns))
