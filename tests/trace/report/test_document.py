"""The JSON document agrees with the trace's objects."""

import json
from dataclasses import asdict
from pathlib import Path

from scapy.layers.inet import ICMP, IP, UDP, IPerror
from scapy.layers.l2 import Ether

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


def test_texts_count_frames_from_one_and_the_document_says_which_is_counted_how():
    udp = IP(src="10.0.0.1", dst="10.0.0.2", id=7) / UDP(sport=5, dport=3) / b"x"
    error = IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=3) / IPerror(bytes(udp)[:28])
    first = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / udp
    captured = [("a/eth0", 2, 0, bytes(first)), ("a/eth0", 1, 9, bytes(Ether(src=first.dst, dst=first.src) / error))]
    document = json.loads(explain(recording_of(frames_of(captured))).to_json())
    assert document["counted_from"] == {"frame": 0, "frame.number": 1}
    (quoted,), (quoting,) = (journey["hops"] for journey in document["journeys"])
    assert (quoted["frame"], quoting["frame"]) == (0, 1)
    (evidence,) = quoting["evidence"]
    assert (evidence["quote"].split(":")[0], evidence["source"]) == ("it quotes frame.number 1", "frame.number 2")
