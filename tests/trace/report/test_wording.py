"""Paragraphs for learners."""

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of
from tests.trace.test_trace import CONNECTION, EVENTS, FRAMES, TOPOLOGY


def test_a_translation_is_described_once_for_address_and_port_with_its_rule():
    text = explain(recording_of(FRAMES, (TOPOLOGY,), EVENTS)).journeys[2].explain()
    assert (
        "dock rewrote the destination 203.0.113.1:8080 to 172.17.0.2:80, "
        "because of the rule `tcp dport 8080 dnat to 172.17.0.2:80` (ip nat DOCKER handle 5)."
    ) in text
    assert CONNECTION.text not in text


def test_a_later_packet_of_the_connection_is_explained_by_its_entry():
    text = explain(recording_of(FRAMES, (TOPOLOGY,), EVENTS)).journeys[6].explain()
    assert f"as the connection's entry says: `{CONNECTION.text}` (dock conntrack)" in text


def test_without_evidence_no_reason_is_given():
    text = explain(recording_of(FRAMES)).journeys[2].explain()
    assert "because" not in text
    assert "by the route" not in text


def test_a_packet_to_the_node_itself_comes_back_in():
    frame = bytes(Ether() / IP(src="127.0.0.1", dst="127.0.0.1") / UDP(dport=53))
    text = explain(recording_of(frames_of([("a/lo", 2, 0, frame), ("a/lo", 1, 1, frame)]))).journeys[0].explain()
    assert "It came back in at a/lo." in text
