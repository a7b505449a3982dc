import numpy as np

from cnetkit.recording.frames import Tap, merge, no_frames

A, B = Tap("a", "eth0"), Tap("b", "eth0")


def test_frames_are_equal_however_their_bytes_are_arranged(frames_of):
    item = frames_of([A, B], [(0, 1, 5, b"xy"), (1, 2, 6, b"z")])
    another = frames_of([B, A], [(0, 2, 6, b"z"), (1, 1, 5, b"xy")]).take(np.array([1, 0]))
    assert item == another


def test_frames_differ_if_one_byte_differs(frames_of):
    assert frames_of([A], [(0, 1, 5, b"xy")]) != frames_of([A], [(0, 1, 5, b"xz")])


def test_frames_differ_if_a_tap_has_another_name(frames_of):
    assert frames_of([A], [(0, 1, 5, b"xy")]) != frames_of([B], [(0, 1, 5, b"xy")])


def test_merging_puts_frames_in_the_order_of_time(frames_of):
    whole = merge([frames_of([A], [(0, 1, 5, b"5"), (0, 1, 9, b"9")]), frames_of([B], [(0, 1, 7, b"7")])])
    assert [whole.bytes_of(number) for number in range(3)] == [b"5", b"7", b"9"]
    assert [whole.taps[number] for number in whole.tap] == [A, B, A]


def test_merging_keeps_the_order_within_each_capture(frames_of):
    back = frames_of([A], [(0, 1, 10, b"first"), (0, 1, 8, b"second")])
    whole = merge([back, frames_of([B], [(0, 1, 9, b"between")])])
    assert [whole.bytes_of(number) for number in range(3)] == [b"between", b"first", b"second"]
    assert whole.time_ns.tolist() == [9, 10, 8]


def test_merging_nothing_gives_no_frames():
    assert merge([]) == no_frames()
