"""The unexplained frames of a trace as a sequence."""

from cnetkit.model import Unexplained
from cnetkit.recording.frames import Tap
from cnetkit.trace import explain
from tests.recording.conftest import make_frames
from tests.recording.test_hostile import FRAME
from tests.trace.loading import recording_of

SHORT, UNDECODED = "shorter than its link header", "link type 147 (USER0) is not decoded"


def unexplained():
    rows = [(0, 0, 1, b"short"), (0, 0, 2, FRAME), (1, 0, 3, FRAME), (0, 0, 4, b"")]
    return explain(recording_of(make_frames([Tap("a", "eth0"), Tap("a", "usb0", 147)], rows))).unexplained


def test_each_frame_that_cannot_be_decoded_is_listed_with_its_reason():
    frames = unexplained()
    assert [(item.frame, item.reason) for item in frames] == [(0, SHORT), (2, UNDECODED), (3, SHORT)]
    assert (len(frames), frames[-1], frames[1:]) == (
        3,
        Unexplained(3, SHORT),
        (Unexplained(2, UNDECODED), Unexplained(3, SHORT)),
    )


def test_reasons_are_counted():
    assert unexplained().reasons == {SHORT: 2, UNDECODED: 1}
    assert repr(unexplained()) == f"<3 unexplained frames: 2 {SHORT}, 1 {UNDECODED}>"


def test_it_equals_a_sequence_of_the_same_frames():
    frames = unexplained()
    assert frames == tuple(frames)
    assert frames != ()


def test_each_link_type_has_a_reason_of_its_own():
    taps = [Tap("a", f"x{kind}", kind) for kind in (147, 148, 403, 404, 1)]
    rows = [(at, 0, at, b"short") for at in range(len(taps))]
    names = ("147 (USER0)", "148 (USER1)", "403", "404")
    reasons = explain(recording_of(make_frames(taps, rows))).unexplained.reasons
    assert reasons == {SHORT: 1, **{f"link type {name} is not decoded": 1 for name in names}}
