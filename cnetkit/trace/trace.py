"""A Trace: all journeys of a recording, all flows, and the unexplained frames; or a selection of them.

Everything is computed at first access, and made into objects on access. How it is shown: cnetkit.displays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cnetkit.displays import TRACE_DISPLAYS, TRACE_VIEWS, Displays, mime_bundle
from cnetkit.model import CnetkitError
from cnetkit.recording.frames import UNKNOWN
from cnetkit.recording.heap import kept_memory
from cnetkit.trace.engine import join
from cnetkit.trace.flow import Flows
from cnetkit.trace.journey import Journey, Journeys
from cnetkit.trace.outcome.endings import OUTCOMES
from cnetkit.trace.outcome.unsent import Unsent, unsent
from cnetkit.trace.query import between
from cnetkit.trace.query.analysis import Analysis
from cnetkit.trace.query.expression import parse
from cnetkit.trace.query.matching import matches
from cnetkit.trace.query.recent import begun_within, latest
from cnetkit.trace.report import document
from cnetkit.trace.report.comparison import Comparison, compare
from cnetkit.trace.report.conversations import Conversations
from cnetkit.trace.report.tables import TraceTables
from cnetkit.trace.report.wording import comment
from cnetkit.trace.unexplained import UnexplainedFrames

if TYPE_CHECKING:
    import pandas as pd

    from cnetkit.recording.recording import Recording

Source = Callable[[], "Recording"]
SoFar = Callable[[float | None], tuple["Recording", int]]
"""Returns what a running capture has recorded in its last seconds, or all of it; and the time before which journeys
are complete."""


class Trace:
    """The journeys of `source`: a Recording, or a function that returns one.

    A function is called at first access, and raises CnetkitError while the capture still runs; `so_far` returns what
    it has recorded by then. A selection of a trace is a Trace too: the same recording and numbers, but only some
    journeys.

    It has more than fifteen public names because it is all that a learner holds of a run: each is a contract.
    """

    views: ClassVar[Displays] = TRACE_VIEWS
    """How a trace is shown, by MIME type, and as a whole HTML document under `page`."""
    displays: ClassVar[Displays] = TRACE_DISPLAYS
    """What shows a trace in a `notebook` and in a `terminal`, and what makes its `plot`s."""

    def __init__(self, source: Recording | Source, so_far: SoFar | None = None) -> None:
        self._source, self._so_far = source, so_far
        self._made: dict[int, Journey] = {}
        self._of: Trace | None = None
        self.selection = ""
        """The selection in words; empty for a whole trace."""

    @property
    def _whole(self) -> Trace:
        """The trace that this is a selection of, or itself."""
        return self if self._of is None else self._of

    @cached_property
    def recording(self) -> Recording:
        """The frames, events and topologies. CnetkitError while the capture still runs."""
        return self._source() if callable(self._source) else self._source

    @cached_property
    def analysis(self) -> Analysis:
        """The columns behind this trace: its frames, journeys and hops."""
        with kept_memory(len(self.recording.frames)):
            return Analysis(self.recording, join(self.recording))

    @property
    def found(self) -> Analysis:
        """An older name for `analysis`."""
        return self.analysis

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """The numbers of its journeys, ascending."""
        return np.arange(self.analysis.journeys.count)

    @cached_property
    def journeys(self) -> Journeys:
        """All journeys, in the order of their first frames."""
        return Journeys(self._whole, self.numbers)

    @cached_property
    def flows(self) -> Flows:
        """All flows, in the order of their first journeys."""
        return Flows(self._whole, self.numbers)

    @cached_property
    def conversations(self) -> Conversations:
        """How the exchange of each flow went, judged from its frames; the worst first. `.table` is a pandas table."""
        return Conversations(self.analysis, np.unique(self.analysis.journeys.flow[self.numbers]))

    @property
    def protocols(self) -> list[str]:
        """The protocol of each flow, in the order of `flows`."""
        return self.flows.protocols

    @cached_property
    def outcomes(self) -> Counter[str]:
        """The number of journeys per outcome, counted without making journey objects."""
        counts = np.bincount(self.analysis.journeys.kinds[self.numbers], minlength=len(OUTCOMES)).tolist()
        return Counter({kind: count for kind, count in zip(OUTCOMES, counts, strict=True) if count})

    @cached_property
    def unexplained(self) -> UnexplainedFrames:
        """The frames that belong to no journey, and why. Empty for a selection."""
        left = np.flatnonzero((self.analysis.joined.journey < 0) & (self._of is None))
        return UnexplainedFrames(self.analysis, left)

    @cached_property
    def unsent(self) -> tuple[Unsent, ...]:
        """The packets that a node wanted to send, and of which no frame was captured because the kernel dropped them
        before. Empty for a selection."""
        return unsent(self.analysis.case) if self._of is None else ()

    def journey(self, number: int) -> Journey:
        """The journey with this number, even if it is not selected. CnetkitError if there is none."""
        if (
            not isinstance(number, int | np.integer)
            or not -self.analysis.journeys.count <= number < self.analysis.journeys.count
        ):
            raise CnetkitError(
                f"there is no journey {number!r}: journeys are numbered from 0 to {self.analysis.journeys.count - 1}"
            )
        made = self._whole._made
        if number not in made:
            number = range(self.analysis.journeys.count)[number]
            made.setdefault(number, Journey(self._whole, number))
        return made[number]

    # --- Parts of it -------------------------------------------------------------------------------------------------

    def select(self, expression: str, by: Literal["journey", "flow"] = "journey") -> Trace:
        """The journeys that match `expression`, such as `tcp.port == 80 and dropped`; with `by="flow"` all journeys of
        such flows.

        The language is described in docs/selection.md. CnetkitError if the expression is wrong; it says where.
        """
        if by not in ("journey", "flow"):
            raise CnetkitError(f"journeys are selected by 'journey' or by 'flow', not by {by!r}")
        owner = self.analysis.joined.journey if by == "journey" else self.analysis.frames.flow
        fits = matches(parse(expression), self.analysis, owner)
        chosen = fits[self.numbers if by == "journey" else self.analysis.journeys.flow[self.numbers]]
        return self._part(self.numbers[chosen], expression if by == "journey" else f"flows with {expression}")

    def where(self, expression: str) -> NDArray[np.bool_]:
        """For each frame of the recording whether it matches `expression`; see `select`."""
        return matches(parse(expression), self.analysis, np.arange(len(self.recording.frames)))

    @cached_property
    def delivered(self) -> Trace:
        """The journeys that were delivered: `select("delivered")`."""
        return self.select("delivered")

    @cached_property
    def dropped(self) -> Trace:
        """The journeys that were dropped: `select("dropped")`."""
        return self.select("dropped")

    def between(self, a: str, b: str) -> Trace:
        """The journeys in both directions between two ends: each a node, `node/interface`, an address or a network.

        A journey counts for an end if it was captured there or carries one of its addresses. CnetkitError if there is
        no such end.
        """
        return self.select(between.expression(self.recording, a, b))

    def so_far(self, seconds: float | None = None) -> Trace:
        """What has been recorded so far, even while the capture still runs.

        With `seconds`, the journeys that began in its last seconds. While the capture runs, those of the last 20 ms
        are left out, because they may not be complete. CnetkitError unless `seconds` is a number above 0.
        """
        if seconds is not None and not (isinstance(seconds, int | float) and seconds > 0):
            raise CnetkitError(f"so_far takes a number of seconds above 0, such as trace.so_far(1), not {seconds!r}")
        if self._so_far is None or self._over:
            recording, until_ns = self.recording, None
        else:
            recording, until_ns = self._so_far(seconds)
        if seconds is None:
            return self if until_ns is None else Trace(recording)
        trace = Trace(latest(recording, seconds))
        return trace._part(begun_within(trace.analysis, seconds, until_ns), f"the last {seconds:g} s")

    @property
    def running(self) -> bool:
        """Whether the capture still runs. `so_far` returns what it has recorded by now."""
        return self._so_far is not None and not self._over

    @property
    def _over(self) -> bool:
        """Whether the capture has ended."""
        try:
            return self.recording is not None
        except CnetkitError:
            return False

    def compare(self, other: Trace) -> Comparison:
        """The differences between this trace and `other`, a trace of the same question before or after a change."""
        if not isinstance(other, Trace):
            raise CnetkitError(f"a trace can only be compared with another trace, not with {type(other).__name__}")
        found = compare((self.analysis, self.numbers), (other.analysis, other.numbers))
        return replace(found, recordings=(self.recording, other.recording))

    def _part(self, numbers: NDArray[np.int64], words: str) -> Trace:
        """A selection: the same recording, with these journeys only."""
        part = Trace(self.recording)
        part._of, part.analysis, part.numbers = self._whole, self.analysis, numbers
        part.selection = f"{self.selection}; {words}" if self.selection else words
        return part

    # --- Exports -----------------------------------------------------------------------------------------------------

    @property
    def clocks(self) -> tuple[str, ...]:
        """How the clocks of its files differ, one sentence each; see clocks/clock.py."""
        return self.analysis.joined.clocks.notes

    @property
    def undirected(self) -> int:
        """The number of frames whose direction is unknown: not recorded, and not inferred from other frames."""
        return int((self.analysis.joined.direction == UNKNOWN).sum())

    @property
    def table(self) -> pd.DataFrame:
        """One row per hop, as a pandas DataFrame: `tables.hops`."""
        return self.tables.hops

    @cached_property
    def tables(self) -> TraceTables:
        """Frames, hops, flows and latencies as pandas DataFrames."""
        return TraceTables(self.analysis, self.numbers, not self.selection)

    @property
    def plot(self) -> Any:  # noqa: ANN401 - cnetkit.view.plots.Plots, which is not imported here
        """Plots: `trace.plot.latency()`, `trace.plot.packets()`. CnetkitError if matplotlib is missing."""
        return self.displays["plot"](self)

    def to_parquet(self, path: str | Path, table: Literal["hops", "frames", "flows", "latency"] = "hops") -> None:
        """Writes one of `tables` as a Parquet file. CnetkitError if that fails."""
        self.tables.to_parquet(path, table)

    def to_json(self) -> bytes:
        """The trace as JSON, version 1."""
        lost = sum(loss.count for loss in self.recording.losses if loss.what == "frames")
        return document.encode(
            self.analysis, self.numbers, self.unexplained, self.unsent, lost, self.selection, self.conversations
        )  # fmt: skip

    def save(self, file: str | Path | BinaryIO) -> None:
        """Writes the recording as pcapng, with each hop's changes and evidence as its packet's comment.

        For a selection, its frames only. CnetkitError if the file cannot be written.
        """
        if self._of is None:
            self.recording.save(file, comments=self._comments(np.arange(len(self.recording.frames))))
            return
        kept = np.sort(self.analysis.journeys.frames_of_all(self.numbers))
        part = replace(self.recording, frames=self.recording.frames.take(kept))
        part.save(file, comments=self._comments(kept))

    def _comments(self, frames: NDArray[np.int64]) -> Mapping[int, str]:
        """The comments of those frames that have changes or evidence, by their position in `frames`."""
        place = {frame: at for at, frame in enumerate(frames.tolist())}
        hops = (hop for journey in self.journeys for hop in journey.hops)
        foreign = self.recording.frames.comments
        texts = ((hop.frame, "\n".join(filter(None, (foreign.get(hop.frame), comment(hop))))) for hop in hops)
        return {place[frame]: text for frame, text in texts if text}

    def to_html(self, path: str | Path) -> None:
        """Writes the trace as one HTML page that needs no network. CnetkitError if the file cannot be written."""
        page = self.views["page"](self)
        try:
            Path(path).write_text(page, encoding="utf-8")
        except OSError as error:
            raise CnetkitError(f"{path} cannot be written ({error.strerror}): choose another path") from error

    def show(self, all: bool = False) -> None:
        """Prints the trace as `cnetkit run` does: each flow with its hops and reasons; with `all`, every packet in
        full.

        In a notebook, end a cell with the trace itself to get the viewer.
        """
        self.displays["terminal"](self, all=all)

    def _ipython_display_(self) -> None:
        self.displays["notebook"](self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401
        try:
            return mime_bundle(self, self.views)
        except CnetkitError as error:
            return {"text/plain": f"<Trace: {error}>"}

    def __repr__(self) -> str:
        try:
            frames, losses = len(self.recording.frames), sum(loss.count for loss in self.recording.losses)
        except CnetkitError as error:
            return f"<Trace: {error}>"
        if self.selection:
            return f"<Trace: {len(self.numbers)} of {self.analysis.journeys.count} journeys: {self.selection}>"
        lost = f", {losses} lost by the kernel" if losses else ""
        left = int((self.analysis.joined.journey < 0).sum())
        return f"<Trace: {frames} frames{lost}, {len(self.journeys)} journeys, {left} frames unexplained>"


def explain(recording: Recording) -> Trace:
    """The trace of a recording."""
    return Trace(recording)
