import json
from base64 import b64decode

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Link, Node, Topology
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace import Trace
from cnetkit.view import scene, wording
from tests.trace.loading import frames_of
from tests.view.capture import captured, with_hash_seed


def drawn():
    return json.loads(scene.encode(scene.of_trace(captured().select("flow == 1"))))


def test_a_scene_names_its_format_and_version():
    result = scene.of_trace(Trace(Recording(no_frames())))
    assert (result["format"], result["version"]) == ("cnetkit-scene", 1)


def test_the_same_trace_gives_the_same_scene_in_every_process():
    """Sets of strings are in another order with each hash seed."""
    program = "from tests.view.test_scene import *; print(json.dumps(drawn()))"
    assert len({with_hash_seed(seed, program) for seed in (1, 2, 3)}) == 1


@pytest.mark.parametrize(("name", "title"), [("port mapping", "port mapping"), ("", "trace"), ("\x1b[2J", "␛[2J")])
def test_the_title_is_the_name_of_the_recording(name, title):
    assert scene.of_trace(Trace(Recording(no_frames(), name=name)))["title"] == title


@pytest.mark.parametrize(("size", "is_cut"), [(191, False), (192, False), (193, True)])
def test_that_only_the_first_bytes_of_a_frame_are_in_the_scene_is_named(size, is_cut):
    frame = bytes(Ether() / IP(dst="10.0.0.1") / UDP()).ljust(size, b"x")
    result = scene.of_trace(Trace(Recording(frames_of([("a/eth0", 2, 0, frame)]))))
    assert ("Of each frame the first 192 bytes are shown, and 2 MiB altogether." in result["left_out"]) is is_cut
    assert result["bytes"]["size"] == [min(size, 192)]


def test_the_scene_contains_each_hop_with_place_time_changes_and_evidence():
    part, result = captured().select("flow == 1"), drawn()
    hops, row = result["hops"], 0
    first = int(captured().recording.frames.time_ns.min())
    for number, journey in enumerate(part.journeys):
        assert result["journeys"]["first"][number] == row
        rows = {hop.frame: row + at for at, hop in enumerate(journey.hops)}
        for hop in journey.hops:
            place = result["interfaces"][hops["at"][row]]
            assert (result["nodes"][place["node"]]["name"], place["name"]) == (hop.node, hop.interface)
            assert hops["frame"][row] == hop.frame
            assert hops["parent"][row] == rows.get(hop.parent, -1)
            assert hops["time"][row] == hop.time_ns - first
            changes = [tuple(item) for item in hops["all_changes"][hops["changes"][row]]]
            assert changes == [(item.field, item.before, item.after) for item in hop.changes]
            pieces = [result["evidence"][at][1] for part in hops["all_why"][hops["why"][row]] for at in part]
            assert sorted(pieces) == sorted({item.quote for item in hop.evidence})
            row += 1
    assert row == len(hops["frame"])


def test_a_journey_has_the_same_words_as_in_the_terminal():
    part, result = captured().select("flow == 1"), drawn()
    journeys, words = result["journeys"], result["words"]
    for at, journey in enumerate(part.journeys):
        text = f"{words[journeys['kind'][at]]} {words[journeys['from'][at]]} → {words[journeys['to'][at]]}"
        assert text == wording.packet(journey)
        assert result["outcomes"][journeys["outcome"][at]] == journey.outcome.kind
        place = result["interfaces"][journeys["where"][at]]
        assert f"{result['nodes'][place['node']]['name']}/{place['name']}" == journey.outcome.where


def test_the_scene_contains_the_frames_octets():
    result = drawn()
    data, at = b64decode(result["bytes"]["data"]), 0
    for frame, size in zip(result["hops"]["frame"], result["bytes"]["size"], strict=True):
        assert data[at : at + size] == captured().recording.frames.bytes_of(frame)[: scene.SHOWN]
        at += size
    assert at == len(data)


def test_omissions_are_named_and_undelivered_journeys_are_drawn_first():
    result = scene.of_trace(captured(), layers_of=3, most=100)
    assert len(result["hops"]["frame"]) <= 100
    assert result["left_out"][0].startswith(f"{len(result['journeys']['id'])} of 1,327 journeys are drawn")
    assert result["left_out"][-1].startswith("The layers of 3 of ")
    assert len(result["layers"]) == 3


def test_a_flow_contains_its_total_number_of_packets():
    result = scene.of_trace(captured(), layers_of=0, most=100)
    for flow in result["flows"]:
        assert flow["of"] == len(captured().flows[flow["id"]].journeys)


def test_ten_thousand_hops_take_less_than_two_megabytes():
    result = scene.encode(scene.of_trace(captured(), layers_of=0))
    assert len(result) / 6292 * 10_000 < 2_000_000


def test_a_network_alone_is_a_scene_too():
    topology = Topology(
        nodes=(Node("left"), Node("right")),
        interfaces=(Interface("left", "eth0", kind="veth", up=True), Interface("right", "eth0", kind="veth")),
        links=(Link("veth", ("left", "eth0"), ("right", "eth0")),),
    )
    result = scene.of_topology(topology, "two", ["a line"])
    assert [node["name"] for node in result["nodes"]] == ["left", "right"]
    assert result["links"] == [{"kind": "veth", "a": 0, "b": 1}]
    assert (result["said"], result["hops"]) == (["a line"], {})


def test_control_characters_are_made_visible():
    name = "\x1b[2J\u202e"
    result = scene.of_topology(Topology(nodes=(Node(name),), interfaces=(Interface(name, name),)), name)
    assert "\\u001b" not in scene.encode(result).decode()
    assert "\u202e" not in scene.encode(result).decode()


def test_a_scene_of_a_hop_contains_only_its_journey_and_begins_there():
    trace = captured()
    journey = max(trace.journeys, key=lambda item: len(item.hops))
    drawn = scene.of_hop(trace, journey.frames[2])
    assert drawn["journeys"]["id"] == [journey.id]
    assert drawn["hops"]["frame"] == list(journey.frames)
    assert drawn["begin"] == 2
