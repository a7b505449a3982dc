"""Each picture says whether its packets were captured live or come from a recording."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.trace import explain
from cnetkit.view import scene
from cnetkit.view.network_view import NetworkView
from cnetkit.view.notebook import flow_html, html, journey_html
from cnetkit.view.terminal import text

REPLAYED = "Replayed, not live: a recording made on 20"


@pytest.fixture(scope="module")
def replayed():
    entry = catalog.find("bridge")
    with Lab("bridge", replay=entry.session) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    return trace


def pictures(trace):
    yield html(trace)
    yield flow_html(trace.flows[0])
    yield journey_html(trace.journeys[0])
    yield text(trace)
    yield "\n".join(scene.of_trace(trace)["said"])
    yield from (plot._repr_mimebundle_()["image/svg+xml"] for plot in (trace.plot.latency(), trace.plot.packets()))


def test_a_replayed_trace_says_so_in_every_picture(replayed):
    assert [REPLAYED in text for text in pictures(replayed)] == [True] * 7


def test_a_live_trace_says_so_in_every_picture(replayed):
    live = explain(replace(replayed.recording, replayed=""))
    assert [f"Captured live with Linux {live.recording.kernel}" in text for text in pictures(live)] == [True] * 7


def test_a_file_from_another_tool_has_no_origin_line(replayed):
    foreign = explain(replace(replayed.recording, replayed="", kernel=""))
    assert not any("Captured live" in text or "not live" in text for text in pictures(foreign))


@pytest.mark.parametrize(("label", "words"), [("a recording made on 2026-11-24", REPLAYED), ("", "Live: ")])
def test_a_networks_picture_says_so_too(replayed, label, words, tmp_path):
    view = NetworkView("bridge", replayed.recording.topologies[-1], None, label)
    view.to_html(tmp_path / "network.html")
    assert words in repr(view)
    assert words in (tmp_path / "network.html").read_text(encoding="utf-8")
