import pytest

from cnetkit.model import CnetkitError
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace import Trace
from tests.view.capture import captured


def test_the_latency_plot_has_a_mark_at_each_steps_median():
    table = captured().tables.latency
    axes = captured().plot.latency().figure.axes[0]
    marks = sorted(float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1)
    assert marks == pytest.approx(sorted(table["median_us"]))


def test_the_packet_plot_counts_each_packet_once():
    bars = captured().plot.packets().figure.axes[0].patches
    assert sum(bar.get_height() for bar in bars) == len(captured().journeys)


def test_a_notebook_gets_a_picture_and_words():
    shown = captured().plot.packets()._repr_mimebundle_()
    assert "<svg" in shown["image/svg+xml"]
    assert shown["text/plain"] == "<Plot: 1,327 packets over time>"


def test_an_empty_trace_has_empty_plots():
    plots = Trace(Recording(no_frames())).plot
    assert "<svg" in plots.packets()._repr_mimebundle_()["image/svg+xml"]
    assert "<svg" in plots.latency()._repr_mimebundle_()["image/svg+xml"]


def test_a_plot_is_saved_in_the_format_of_its_extension(tmp_path):
    captured().plot.packets().save(tmp_path / "packets.png")
    assert (tmp_path / "packets.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(CnetkitError, match=r"use a file name that ends with \.svg"):
        captured().plot.packets().save(tmp_path / "packets.gif7")
