"""Differences between two traces of the same question."""

from pathlib import Path

import numpy as np

import cnetkit
from cnetkit.recording import Recording
from cnetkit.trace import explain

TRUTH = Path(__file__).parents[2] / "data" / "truth" / "portmap.pcapng"


def test_a_trace_does_not_differ_from_itself_saved_and_loaded(tmp_path):
    trace = cnetkit.load(TRUTH)
    trace.save(tmp_path / "again.pcapng")
    comparison = trace.compare(cnetkit.load(tmp_path / "again.pcapng"))
    assert not comparison
    assert comparison.alike > 4
    assert str(comparison).startswith("nothing differs")


def test_connections_that_differ_only_in_the_client_port_are_equal():
    trace = cnetkit.load(TRUTH)
    first, second = (trace.select(f"tcp.port == {port}") for port in (42884, 42886))
    assert len(first.journeys) == len(second.journeys) > 0
    assert first.compare(second).differences == ()


def test_packets_of_one_trace_only_are_listed_with_their_outcome():
    trace = cnetkit.load(TRUTH)
    comparison = trace.select("udp and ip.addr == 203.0.113.2").compare(trace.select("ip.src == 172.17.0.3 and udp"))
    rows = comparison.table.set_index("question")
    assert rows.loc["udp 203.0.113.2 → 203.0.113.1:5353", "aspect"] == "packets"
    assert rows.loc["udp 203.0.113.2 → 203.0.113.1:5353", "before"] == "delivered at web/eth0"
    assert rows.loc["udp 172.17.0.3 → 172.17.0.1:5353", "after"] == "delivered at web/eth0"


def test_a_packet_that_took_another_path_is_listed_with_both_paths():
    trace = cnetkit.load(TRUTH)
    frames = trace.recording.frames
    keep = ~trace.where('node == "web"')
    blind = explain(Recording(frames.take(np.flatnonzero(keep))))
    aspects = {item.aspect for item in trace.select("udp").compare(blind.select("udp")).differences}
    assert {"way", "outcome"} <= aspects
