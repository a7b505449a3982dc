from cnetkit.recording.frames import IN, Tap
from cnetkit.view.layers import LONGEST, layers
from tests.recording.conftest import make_frames
from tests.view.capture import captured


def test_layers_name_their_fields_and_the_bytes_they_take():
    trace = captured()
    frame = next(journey for journey in trace.journeys if journey.packet.kind == "SYN").hops[0].frame
    result = layers(trace.recording.frames, frame)
    assert [name for name, *_ in result][:3] == ["Ethernet", "IP", "TCP"]
    assert [(start, length) for _, start, length, _ in result][:2] == [(0, 14), (14, 20)]
    assert dict(result[1][3])["dst"] == "203.0.113.1"
    assert sum(length for _, _, length, _ in result) == int(trace.recording.frames.captured[frame])


def test_hostile_bytes_and_long_values_are_shown_cut_and_legible():
    for data in (b"", b"\x00", bytes(12) + b"\x08\x00" + b"\x45" * 40, bytes(12) + b"\x88\xb5" + b"\x1b<b>" * 100):
        result = layers(make_frames([Tap("web", "eth0")], [(0, IN, 1, data)]), 0)
        assert all(len(value) <= LONGEST and value.isprintable() for *_, fields in result for _, value in fields)
