import json

from cnetkit.recording.frames import Frames
from cnetkit.view import scene
from cnetkit.view.layers import layers
from cnetkit.view.widget import Viewer
from tests.view.capture import captured


def viewer():
    frames: Frames = captured().recording.frames
    return Viewer(scene.of_trace(captured().select("flow == 1")), "a-name", lambda frame: layers(frames, frame))


def test_the_scene_is_sent_unchanged():
    shown = json.loads(viewer().scene)
    assert shown == json.loads(scene.encode(scene.of_trace(captured().select("flow == 1"))))


def test_selecting_a_frame_returns_its_layers():
    item, sent = viewer(), []
    item.send = sent.append
    item._received(item, {"is": "look", "frame": 5}, [])
    item._received(item, {"is": "look", "frame": 10**9}, [])
    assert [message["frame"] for message in sent] == [5, 10**9]
    assert sent[0]["layers"] == layers(captured().recording.frames, 5)
    assert sent[1]["layers"] == []


def test_the_browser_can_only_select():
    item = viewer()
    item._received(item, {"is": "chosen", "frame": 7}, [])
    assert item.chosen == 7
    for message in (
        {"is": "close"},
        {"is": "_layers", "frame": 1},
        {"is": ["look"]},
        "look",
        None,
        {"is": "look", "frame": "x"},
    ):
        item._received(item, message, [])
    assert item.chosen == 7


def test_the_widget_knows_whether_it_is_visible():
    item = viewer()
    assert item.looked_at
    item._received(item, {"is": "here"}, [])
    item._received(item, {"is": "gone"}, [])
    assert not item.looked_at
    item._received(item, {"is": "here"}, [])
    assert item.looked_at
