"""Results computed from whole columns agree with each journey, in live labs of every kind."""

import json
from collections import Counter
from dataclasses import asdict

import pandas as pd
import pytest

from cnetkit.trace import explain
from cnetkit.trace.outcome.endings import OUTCOMES
from tests.kernel.test_truth import CASES, recorded


@pytest.fixture(scope="module", params=CASES)
def trace(request):
    return explain(recorded(request.param))


def test_outcome_counts_agree_with_the_journeys(trace):
    each = [journey.outcome.kind for journey in trace.journeys]
    assert [OUTCOMES[number] for number in trace.analysis.journeys.kinds.tolist()] == each
    assert trace.outcomes == Counter(each)


def fields(hop):
    """A hop as in the document: without the fields that are newer than version 1."""
    record = {name: value for name, value in asdict(hop).items() if name != "clock_ns"}
    for evidence in record["evidence"]:
        del evidence["effect"]
    return record


def test_the_document_agrees_with_the_journeys(trace):
    expected = [
        {"id": j.id, "outcome": j.outcome.kind, "where": j.outcome.where, "reason": j.outcome.reason}
        | {"hops": [fields(hop) for hop in j.hops]}
        for j in trace.journeys
    ]
    assert json.loads(trace.to_json())["journeys"] == json.loads(json.dumps(expected))


def test_the_hops_table_agrees_with_the_journeys(trace):
    packet, start = trace.analysis.case.packet, int(trace.recording.frames.time_ns.min())
    expected = [
        (
            j.id, j.flow.id, j.outcome.kind, h.frame, h.parent, (h.time_ns - start) / 1e9, h.node, h.interface, h.direction,
            packet(h.frame).protocol, packet(h.frame).source, packet(h.frame).destination, packet(h.frame).kind,
            ", ".join(f"{c.field} {c.before} → {c.after}" for c in h.changes),
            "; ".join(f"{e.kind}: {e.quote}" for e in h.evidence),
        )
        for j in trace.journeys for h in j.hops
    ]  # fmt: skip
    rows = [tuple(None if value is pd.NA else value for value in row) for row in trace.table.itertuples(index=False)]
    assert rows == expected


def test_flows_contain_every_journey_once(trace):
    numbers = sorted(journey.id for flow in trace.flows for journey in flow.journeys)
    assert numbers == list(range(len(trace.journeys)))
    assert trace.tables.flows[list(OUTCOMES)].to_numpy().sum() == len(trace.journeys)


def test_a_trace_does_not_differ_from_itself(trace):
    assert not trace.compare(explain(trace.recording))
