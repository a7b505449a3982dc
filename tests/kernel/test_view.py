"""`lab.view()` follows the network as it is built, and its requests are not recorded in the session."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnetkit import protocol as p
from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from cnetkit.sandbox.session import read
from cnetkit.view import scene
from cnetkit.view.live import NetworkUpdates, Pulse, follow
from cnetkit.view.network_view import NetworkView
from cnetkit.view.widget import Viewer


def watched(lab):
    viewer = Viewer(scene.of_topology(lab.topology, lab.name), "still")
    return viewer, NetworkUpdates(viewer, lab.view()._now, lab.topology, lab.name)


def interfaces(viewer):
    return {one["name"] for one in json.loads(viewer.scene)["interfaces"]}


def test_a_link_added_by_a_shell_command_is_drawn_within_a_tenth_of_a_second(lab):
    left = lab.host("left")
    viewer, watch = watched(lab)
    pulse = Pulse(watch.beat)
    pulse.start()
    left.run("ip link add more0 type veth peer name more1", check=True)
    begun = time.monotonic()
    while "more0" not in interfaces(viewer) and time.monotonic() - begun < 5:
        time.sleep(0.002)
    pulse.stop()
    assert "more0" in interfaces(viewer)


def test_a_waiting_view_is_notified_of_a_change_at_once(lab):
    left = lab.host("left")
    lab.request(p.Status(topology=True, within=0.1), p.State)
    with ThreadPoolExecutor(1) as waiting:
        told = waiting.submit(lab.request, p.Status(topology=True, within=3600), p.State)
        left.run("ip link add more0 type veth peer name more1", check=True)
        assert "more0" in [one.name for one in told.result(60).topology.interfaces]


def test_a_change_between_two_waits_is_reported_at_once(lab):
    lab.host("left")
    lab.request(p.Status(topology=True, within=0.1), p.State)
    lab.host("right").run("ip link add more0 type veth peer name more1", check=True)
    told = lab.request(p.Status(topology=True, within=3600), p.State)
    assert [one.name for one in told.topology.nodes] == ["left", "right"]


def test_a_watched_node_may_be_removed_and_added_again(lab):
    left = lab.host("left")
    lab.request(p.Status(topology=True, within=0.1), p.State)
    lab.remove(left)
    again = lab.host("left")
    lab.request(p.Status(topology=True, within=0.1), p.State)
    again.run("ip link add more0 type veth peer name more1", check=True)
    told = lab.request(p.Status(topology=True, within=3600), p.State)
    assert "more0" in [one.name for one in told.topology.interfaces]


def test_an_unchanged_network_is_not_redrawn(lab):
    lab.connect(lab.host("left"), lab.host("right"), "10.0.0.0/24")
    viewer, watch = watched(lab)
    before = viewer.scene
    for _ in range(3):
        assert watch.beat() is not None
    assert viewer.scene is before


def test_counters_show_the_traffic(lab):
    left, right = lab.host("left"), lab.host("right")
    lab.connect(left, right, "10.0.0.0/24")
    viewer, watch = watched(lab)
    sent = []
    viewer.send = sent.append
    watch.beat()
    left.run(f"ping -c 3 -i 0.002 {right.address}", check=True)
    watch._counted = 0.0
    watch.beat()
    before, after = (message["packets"] for message in sent)
    passed = [sum(b) - sum(a) for a, b in zip(before, after, strict=True)]
    assert len(passed) == 2
    assert all(packets >= 6 for packets in passed)


def test_nothing_is_requested_while_the_view_is_hidden(lab):
    viewer, watch = watched(lab)
    viewer._received(viewer, {"is": "here"}, [])
    viewer._received(viewer, {"is": "gone"}, [])
    lab.host("late").run("ip link add more0 type veth peer name more1", check=True)
    assert watch.beat() is not None
    assert "more0" not in interfaces(viewer)


def test_a_view_ends_with_its_lab():
    with Lab("ending") as lab:
        view = lab.view()
        assert view._now() is not None
    assert view._now() is None


def test_a_views_requests_are_not_recorded_in_the_session(tmp_path):
    file = tmp_path / "session.cnetkit"
    with Lab("kept", record=file) as lab:
        lab.connect(lab.host("left"), lab.host("right"), "10.0.0.0/24")
        view = lab.view()
        for _ in range(5):
            view._now()
    asked = [type(p.request(body)) for ours, _, body in read(file).messages if ours]
    assert (asked.count(p.Snapshot), asked.count(p.Status)) == (1, 0)
    with Lab("kept", replay=file) as lab:
        lab.connect(lab.host("left"), lab.host("right"), "10.0.0.0/24")
        shown = lab.view()
    assert "10.0.0.2/24" in repr(shown)
    assert shown._now is None
    assert "a recording made on" in shown._table()


def test_a_view_is_a_page_and_a_table_too(lab, tmp_path):
    lab.connect(lab.host("left"), lab.host("right"), "10.0.0.0/24")
    view: NetworkView = lab.view()
    view.to_html(tmp_path / "network.html")
    assert "10.0.0.1/24" in (tmp_path / "network.html").read_text(encoding="utf-8")
    assert "left   eth0       veth  up     10.0.0.2/24  right/eth0" in repr(view)


def test_a_running_capture_is_followed_until_it_ends(lab):
    left, right = lab.host("left"), lab.host("right")
    lab.connect(left, right, "10.0.0.0/24")
    with lab.trace() as trace:
        assert trace.running
        left.run(f"ping -c 2 -i 0.002 {right.address}", check=True)
        time.sleep(0.1)
        viewer = Viewer(scene.of_part(trace), "still")
        assert json.loads(viewer.scene)["follow"]
        pulse = follow(trace, viewer)
    pulse.join(10)
    assert json.loads(viewer.scene)["hops"]["frame"] == scene.of_trace(trace)["hops"]["frame"]


def test_an_interrupted_capture_shows_its_frames_and_says_so(lab):
    left, right = lab.host("left"), lab.host("right")
    lab.connect(left, right, "10.0.0.0/24")
    capture = lab.trace()
    trace = capture.__enter__()
    left.run(f"ping -c 2 -i 0.002 {right.address}", check=True)
    time.sleep(0.1)
    lab.close()
    with pytest.raises(CnetkitError):
        capture.__exit__(None, None, None)
    assert not trace.running
    assert [journey.packet.kind for journey in trace.journeys].count("echo request") == 2
    assert "the capture ended early" in scene.of_trace(trace)["said"][-1]
    assert "the capture ended early" in scene.of_trace(trace)["alerts"][0]
    assert "Lost: unknown" in scene.of_trace(trace)["said"]
