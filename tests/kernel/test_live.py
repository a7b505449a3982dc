"""A trace that is examined while its capture still runs."""

import json
import time

import pytest

from cnetkit.model import CnetkitError
from tests.kernel.tagged import answer, ask, score, truth


def test_so_far_has_whole_journeys_while_the_capture_runs(dock):
    answer(dock.web, 90)
    with dock.lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 9090, 1, patience=0.01)
        dock.client.run("ping -c1 172.17.0.2")
        ask(dock.client, "172.17.0.2", 90, 20)
        time.sleep(0.05)
        first = trace.so_far()
        ask(dock.client, "172.17.0.2", 90, 20)
        time.sleep(0.05)
        second = trace.so_far()
        with pytest.raises(CnetkitError, match="still runs"):
            _ = trace.journeys
    marks, whole = truth(first.recording), truth(trace.recording)
    assert len([mark for mark in marks if mark.startswith(("ask", "rep"))]) >= 40
    assert len(first.recording.frames) < len(second.recording.frames) <= len(trace.recording.frames)
    for one, marked in ((first, marks), (second, truth(second.recording)), (trace, whole)):
        found = score(json.loads(one.to_json()), marked)
        assert (found["wrong"], found["broken"]) == ([], [])


def test_the_last_seconds_contain_whole_journeys_that_began_in_them(dock):
    answer(dock.web, 90)
    with dock.lab.trace() as trace:
        ask(dock.client, "172.17.0.2", 90, 20)
        time.sleep(0.7)
        ask(dock.client, "172.17.0.2", 90, 20)
        time.sleep(0.05)
        part = trace.so_far(0.4)
    replayed = trace.so_far(0.4)
    assert part.selection == "the last 0.4 s"
    for one in (part, replayed):
        asked = one.select("udp.dstport == 90").journeys
        assert len(asked) == 20
        assert {len(j.hops) for j in asked} == {4}
        assert {j.outcome.kind for j in asked} == {"delivered"}


def test_translations_are_explained_in_the_last_seconds_too(dock):
    answer(dock.web, 90)
    dock.host.publish(9090, to=dock.web, port=90, protocol="udp")
    with dock.lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 9090, 20)
        time.sleep(0.05)
        part = trace.so_far(30)
    assert len(part.select("changed(ip.dst) and udp and delivered and hops == 5").journeys) >= 20
