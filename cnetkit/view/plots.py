"""Plots of a trace for a notebook: the delay of each step, and packets and losses over time.

Drawn by matplotlib, offline, without its global state; it is imported when a plot is made.
"""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnetkit.model import CnetkitError
from cnetkit.trace.outcome.endings import OUTCOMES
from cnetkit.view import wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cnetkit.trace.trace import Trace

STEPS, BINS = 30, 60
"""Steps of the latency plot, the slowest; and bars of the packet plot."""
INK, LINE, WAYS = "#1b2430", "#c5ced9", {"request": "#1f5fae", "reply": "#8a4b00"}
MARKERS = {"request": "o", "reply": "D"}
ENDS = {"delivered": ("#17713a", ""), "arrived": ("#5f8fb8", ""), "consumed": ("#7fb894", ""),
        "left": ("#b9c4d0", ""), "dropped": ("#b3261e", "xx"),
        "lost-from-sight": ("#e08e45", "//"), "ambiguous": ("#8a8f98", "..")}  # fmt: skip
"""Colour and hatching: no outcome is shown by its colour alone."""


class Plot:
    """One picture, which a notebook shows; `figure` is matplotlib's own, `save` writes it."""

    def __init__(self, figure: Figure, text: str) -> None:
        self.figure, self._text = figure, text

    def save(self, path: str | Path) -> None:
        """Writes it as SVG, PNG or PDF, by the file name's extension. CnetkitError if that fails."""
        try:
            self.figure.savefig(path)
        except (OSError, ValueError) as error:
            raise CnetkitError(
                f"{path} cannot be written ({error}): use a file name that ends with .svg, .png or .pdf"
            ) from error

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        out = BytesIO()
        self.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return {"image/svg+xml": out.getvalue().decode(), "text/plain": self._text}

    def __repr__(self) -> str:
        return self._text


class Plots:
    """The plots of one trace; for a selection they show what was selected."""

    def __init__(self, trace: Trace) -> None:
        if find_spec("matplotlib") is None:
            raise CnetkitError('plots need matplotlib: pip install "cnetkit[notebook]"')
        self._trace = trace

    def latency(self) -> Plot:
        """The delay between interfaces: minimum, median and 99th percentile, in microseconds."""
        table = self._trace.tables.latency.sort_values("median_us").tail(STEPS)
        figure, axes = _axes(self._trace, max(2.2, 0.32 * len(table) + 1.1))
        for at, (_, row) in enumerate(table.iterrows()):
            colour = WAYS[row["way"]]
            axes.plot([row["min_us"], row["p99_us"]], [at, at], color=colour, linewidth=2, alpha=0.5)
            axes.plot([row["median_us"]], [at], MARKERS[row["way"]], color=colour, label=row["way"])
        labels = [wording.legible(f"{start} → {end}") for start, end in zip(table["from"], table["to"], strict=True)]
        axes.set_yticks(range(len(table)), labels)
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.set_xlabel("microseconds: from the least to the 99th percentile, the mark is the median")
        left = len(self._trace.tables.latency) - len(table)
        axes.set_title("Latency of each step" + (f" ({left} quicker ones left out)" if left else ""), loc="left")
        _legend(axes)
        return Plot(figure, f"<Plot: latency of {wording.counted(len(table), 'step')}>")

    def packets(self) -> Plot:
        """How many packets began over time, by outcome; the frames that the kernel lost are noted below."""
        trace, analysis = self._trace, self._trace.analysis
        times = trace.recording.frames.time_ns
        begun = (times[analysis.journeys.first[trace.numbers]] - (int(times.min()) if len(times) else 0)) / 1e9
        kinds = analysis.journeys.kinds[trace.numbers]
        figure, axes = _axes(trace, 3.0)
        edges = np.linspace(0, max(float(begun.max(initial=0)), 1e-6), BINS + 1)
        below = np.zeros(BINS)
        for number, kind in enumerate(OUTCOMES):
            counts, _ = np.histogram(begun[kinds == number], edges)
            if counts.any():
                colour, hatch = ENDS[kind]
                axes.bar(edges[:-1], counts, edges[1], below, align="edge", color=colour, hatch=hatch, label=kind,
                         edgecolor="white", linewidth=0.4)  # fmt: skip
                below += counts
        lost = sum(loss.count for loss in trace.recording.losses if loss.what == "frames")
        axes.set_xlabel(f"seconds; {wording.counted(lost, 'frame')} lost by the kernel")
        axes.set_ylabel("packets")
        axes.set_title("Packets over time, by how they ended", loc="left")
        _legend(axes)
        return Plot(figure, f"<Plot: {wording.counted(len(begun), 'packet')} over time>")


def _axes(trace: Trace, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, height), layout="constrained")
    figure.supxlabel(wording.origin(trace.recording), x=0.99, ha="right", fontsize=8, color=INK)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(axis="x", color=LINE, linewidth=0.5, alpha=0.6)
    return figure, axes


def _legend(axes: Axes) -> None:
    """Each label once."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    if once:
        axes.legend(list(once.values()), list(once), fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
