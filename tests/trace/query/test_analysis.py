"""The columns of an analysis agree with its single frames and journeys."""

from pathlib import Path

import numpy as np
import pytest

from cnetkit.model import Topology
from cnetkit.recording.recording import Recording, load
from cnetkit.trace import explain
from cnetkit.trace.query.frames import quoted

TRUTH = Path(__file__).parents[2] / "data" / "truth"


@pytest.fixture(scope="module", params=["portmap", "bare"])
def analysis(request):
    """A published port; with everything that was recorded, and from the frames alone."""
    recording = load(TRUTH / "portmap.pcapng")
    return explain(Recording(recording.frames) if request.param == "bare" else recording).analysis


def test_the_frames_of_the_journeys_are_all_explained_frames_parents_first(analysis):
    order, begins = analysis.journeys.members
    explained = np.flatnonzero(analysis.joined.journey >= 0)
    rows = order[begins[0] :]
    assert sorted(rows.tolist()) == explained.tolist()
    place = {frame: at for at, frame in enumerate(rows.tolist())}
    parents = analysis.joined.parent[rows].tolist()
    assert all(parent < 0 or place[parent] < at for at, parent in enumerate(parents))
    assert [analysis.journeys.frames(n)[0] for n in range(50)] == analysis.journeys.first[:50].tolist()


def test_frames_with_equal_keys_have_equal_changes_and_evidence(analysis):
    changes, evidence = {}, {}
    for frame in range(0, len(analysis.joined.parent), 7):
        change = changes.setdefault(int(analysis.frames.change_keys[frame]), analysis.changes(frame))
        assert change == analysis.changes(frame)
        why = evidence.setdefault(int(analysis.frames.evidence_keys[frame]), quoted(analysis.case, frame))
        assert why == quoted(analysis.case, frame)
    assert changes[0] == ()


def test_the_latency_of_a_journey_is_the_time_between_its_first_and_last_frame(analysis):
    time = analysis.joined.clocks.time
    for number in range(0, analysis.journeys.count, 97):
        frames = list(analysis.journeys.frames(number))
        assert analysis.journeys.latency[number] == time[frames].max() - time[frames].min()


def test_a_value_of_journeys_is_given_to_each_of_their_frames(analysis):
    numbers = analysis.frames.of_journey(np.arange(analysis.journeys.count), -1)
    assert numbers.tolist() == analysis.joined.journey.tolist()


def test_the_first_journey_of_a_flow_belongs_to_it(analysis):
    flows = analysis.journeys.flow
    begins = analysis.journeys.flow_begins
    assert flows[begins].tolist() == list(range(len(begins)))
    assert all(number not in flows[:begin] for number, begin in enumerate(begins.tolist()))


def test_an_empty_recording_has_empty_columns():
    empty = explain(
        Recording(load(TRUTH / "portmap.pcapng").frames.take(np.zeros(0, np.int64)), (Topology(),))
    ).analysis
    assert empty.journeys.count == 0
    assert not len(empty.journeys.latency)
    assert [len(column) for column in (empty.journeys.flow, empty.journeys.kinds, empty.frames.bits)] == [0, 0, 0]
