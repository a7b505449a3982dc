"""A Trace: all journeys of a recording, all flows, and the frames left unexplained.

Everything is found at first access and made into objects when looked at. How it is shown is registered by the views.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import numpy as np

from cnetkit.model import CnetkitError, Unexplained
from cnetkit.trace import document, table
from cnetkit.trace.engine import problem
from cnetkit.trace.flows import Flow, titled
from cnetkit.trace.found import Found
from cnetkit.trace.journey import Journeys
from cnetkit.trace.wording import comment

if TYPE_CHECKING:
    import pandas as pd

    from cnetkit.recording.recording import Recording


class Trace:
    """The journeys of `source`: a Recording, or what gives one when asked.

    A callable is asked at first access, and raises CnetkitError while the capture still runs.
    """

    views: ClassVar[dict[str, Callable[[Trace], str]]] = {}
    """How a trace is shown, by MIME type, and as a whole HTML document under `page`; filled by the views."""

    def __init__(self, source: Recording | Callable[[], Recording]) -> None:
        self._source = source

    @cached_property
    def recording(self) -> Recording:
        """What was seen and said. CnetkitError while the capture still runs."""
        return self._source() if callable(self._source) else self._source

    @cached_property
    def found(self) -> Found:
        """What the engine found, as columns."""
        return Found(self.recording)

    @cached_property
    def journeys(self) -> Journeys:
        """All journeys, in the order of their first frames."""
        return Journeys(self, self.found.count)

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """All flows, in the order of their first journeys."""
        number = self.found.flow
        order = np.argsort(number, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(number[order])) + 1) if len(order) else []
        return tuple(
            titled(self.found.case, at, tuple(self.journeys[int(j)] for j in group)) for at, group in enumerate(groups)
        )

    @cached_property
    def outcomes(self) -> Counter[str]:
        """How many journeys ended how; no journey is made for it."""
        return Counter(self.found.outcome(number).kind for number in range(self.found.count))

    @cached_property
    def unexplained(self) -> tuple[Unexplained, ...]:
        """The frames that stand in no journey, and why."""
        joined = self.found.joined
        return tuple(
            Unexplained(int(frame), problem(joined.columns, int(frame))) for frame in np.flatnonzero(joined.journey < 0)
        )

    @property
    def table(self) -> pd.DataFrame:
        """One row a hop, as a pandas DataFrame."""
        return table.frame(self)

    def to_json(self) -> bytes:
        """The trace as JSON, version 1."""
        return document.encode(self)

    def comments(self) -> Mapping[int, str]:
        """For each frame that changed or has evidence, its hop in a few lines."""
        hops = (hop for journey in self.journeys for hop in journey.hops)
        return {hop.frame: text for hop in hops if (text := comment(hop))}

    def save(self, file: str | Path | BinaryIO) -> None:
        """Write the recording as pcapng, each hop's changes and evidence as its packet's comment.

        CnetkitError where the file cannot be written.
        """
        self.recording.save(file, comments=self.comments())

    def to_html(self, path: str | Path) -> None:
        """Write the trace as one HTML page that needs no network. CnetkitError where that is not possible."""
        page = self.views.get("page")
        if page is None:
            raise CnetkitError("no view is loaded that writes pages: import cnetkit.view first")
        try:
            Path(path).write_text(page(self), encoding="utf-8")
        except OSError as error:
            raise CnetkitError(f"{path} cannot be written ({error.strerror}): choose another place") from error

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401
        try:
            return {"text/plain": repr(self)} | {kind: view(self) for kind, view in self.views.items() if "/" in kind}
        except CnetkitError as error:
            return {"text/plain": f"<Trace: {error}>"}

    def __repr__(self) -> str:
        try:
            frames, losses = len(self.recording.frames), sum(loss.count for loss in self.recording.losses)
        except CnetkitError as error:
            return f"<Trace: {error}>"
        lost = f", {losses} lost by the kernel" if losses else ""
        left = int((self.found.joined.journey < 0).sum())
        return f"<Trace: {frames} frames{lost}, {len(self.journeys)} journeys, {left} frames unexplained>"


def explain(recording: Recording) -> Trace:
    """The trace of a recording."""
    return Trace(recording)
