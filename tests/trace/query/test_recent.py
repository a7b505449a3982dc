"""The last seconds of a recording: whole journeys only."""

from types import SimpleNamespace

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Event
from cnetkit.recording.recording import Recording
from cnetkit.trace import explain
from cnetkit.trace.query.recent import LEAD_S, begun_within, latest
from tests.trace.loading import frames_of

MS = 1_000_000


def recorded(*times_ms, events=()):
    """A datagram at each time, sent by a and received by b 10 ms later."""
    rows = []
    for number, time in enumerate(times_ms):
        data = bytes(Ether() / IP(id=number + 1, src="10.0.0.1", dst="10.0.0.2") / UDP())
        rows += [("a/eth0", 2, time * MS, data), ("b/eth0", 1, (time + 10) * MS, data)]
    return Recording(frames_of(rows), events=events)


def test_frames_and_verdicts_from_before_are_left_out_and_other_events_are_kept():
    old, new = (Event(time * MS, "a", "verdict", "verdict", SimpleNamespace()) for time in (0, 2000))
    link = Event(0, "a", "interface", "new", SimpleNamespace())
    recent = latest(recorded(0, 1900, 2000, events=(old, link, new)), 0.5)
    assert len(recent.frames) == 4
    assert recent.events == (link, new)


def test_a_journey_that_began_before_is_left_out_whole():
    recording = latest(recorded(0, 1495, 2000), 0.5)
    assert len(recording.frames) == 4  # the second journey's, which began a little too early, are still there
    assert LEAD_S > 0.015
    trace = explain(recording)
    assert trace.analysis.journeys.first[begun_within(trace.analysis, 0.5, None)].tolist() == [2]


def test_journeys_that_may_not_be_complete_are_left_out():
    trace = explain(recorded(0, 100, 200))
    assert begun_within(trace.analysis, 60, 100 * MS).tolist() == [0, 1]


def test_an_empty_recording_stays_empty():
    assert len(latest(recorded(), 1).frames) == 0
