import struct

from cnetkit.recording.cooked import split
from cnetkit.recording.frames import IN, OUT, UNKNOWN, Tap

from .conftest import WEB


def cooked2(index, packet_type, data=b"ip"):
    return struct.pack(">HHIHBB8s", 0x0800, 0, index, 1, packet_type, 6, bytes(8)) + data


def test_each_interface_of_an_any_capture_becomes_a_tap_with_direction(frames_of):
    rows = [(0, 0, 1, cooked2(3, 4)), (0, 0, 2, cooked2(5, 0)), (0, 0, 3, cooked2(3, 1))]
    result = split(frames_of([Tap("dock", "any", 276)], rows))
    assert [result.taps[tap].interface for tap in result.tap] == ["if3", "if5", "if3"]
    assert result.taps == (Tap("dock", "if3", 276), Tap("dock", "if5", 276))
    assert result.direction.tolist() == [OUT, IN, IN]
    assert result.bytes_of(0) == rows[0][3]


def test_the_older_header_gives_a_direction_only(frames_of):
    data = struct.pack(">HHH8sH", 4, 1, 6, bytes(8), 0x0800)
    result = split(frames_of([Tap("dock", "any", 113)], [(0, 0, 1, data)]))
    assert result.taps == (Tap("dock", "any", 113),)
    assert result.direction.tolist() == [OUT]


def test_other_taps_and_frames_too_short_for_the_header_do_not_change(frames_of):
    rows = [(0, 0, 1, b"abc"), (1, 0, 2, b"short"), (1, 0, 3, cooked2(9, 0))]
    result = split(frames_of([WEB, Tap("dock", "any", 276)], rows))
    assert [result.taps[tap] for tap in result.tap] == [WEB, Tap("dock", "any", 276), Tap("dock", "if9", 276)]
    assert result.direction.tolist() == [UNKNOWN, UNKNOWN, IN]


def test_the_loopback_interface_is_recognised_by_its_type(frames_of):
    data = struct.pack(">HHIHBB8s", 0x0800, 0, 1, 772, 4, 6, bytes(8))
    assert split(frames_of([Tap("dock", "any", 276)], [(0, 0, 1, data)])).taps == (Tap("dock", "lo", 276),)


def test_frames_without_captured_bytes_do_not_change(frames_of):
    assert len(split(frames_of([Tap("dock", "any", 276)], [(0, 0, 1, b""), (0, 0, 2, b"")]))) == 2
