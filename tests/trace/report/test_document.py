"""The JSON document agrees with the trace's objects."""

import json
from dataclasses import asdict
from pathlib import Path

from cnetkit.trace import explain
from tests.trace.loading import frames_of, read_pcapng, recording_of

TRUTH = Path(__file__).parents[2] / "data" / "truth"


def _as_version_1(hop):
    """Version 1 of the document has these four fields of evidence."""
    fields = asdict(hop)
    fields["evidence"] = tuple(
        {key: item[key] for key in ("kind", "quote", "source", "strength")} for item in fields["evidence"]
    )
    return fields


def test_the_document_contains_every_journey_with_its_hops_and_outcome():
    trace = explain(recording_of(read_pcapng(TRUTH / "portmap.pcapng")))
    journeys = [
        {"id": j.id, "outcome": j.outcome.kind, "where": j.outcome.where, "reason": j.outcome.reason}
        | {"hops": [{key: text for key, text in _as_version_1(hop).items() if key != "clock_ns"} for hop in j.hops]}
        for j in trace.journeys
    ]
    assert json.loads(trace.to_json())["journeys"] == json.loads(json.dumps(journeys))


def test_an_undecodable_frame_is_unexplained_with_its_reason():
    document = json.loads(explain(recording_of(frames_of([("a/eth0", 1, 5, b"short")]))).to_json())
    assert document["journeys"] == []
    assert document["unexplained"] == [{"frame": 0, "reason": "shorter than its link header"}]
