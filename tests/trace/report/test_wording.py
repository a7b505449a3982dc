"""Paragraphs for learners."""

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.l2 import Ether

from cnetkit.model import Evidence, Outcome
from cnetkit.trace import explain
from cnetkit.trace.report import wording
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


PUBLISHED = """\
1. A packet (tcp SYN) from 203.0.113.2:42876 to 203.0.113.1:8080 was sent at ext/eth0.
2. It came out of the other end of the cable at dock/up0.
3. dock rewrote the destination 203.0.113.1:8080 to 172.17.0.2:80, because of the rule `tcp dport 8080 dnat to 172.17.0.2:80` \
(ip nat DOCKER handle 5). It was routed out at dock/docker0; the ip.ttl went from 64 to 63 and it got the MAC addresses of its \
next stretch.
4. It was sent out of the bridge's port dock/vweb, by the forwarding table: `c2:60:c7:72:22:b4 dev vweb master docker0` (dock \
fdb of docker0).
5. It came out of the other end of the cable at web/eth0.
"""


def test_a_whole_journey_reads_as_it_was_checked_by_hand():
    trace = explain(recording_of(FRAMES, (TOPOLOGY,), EVENTS))
    assert trace.journeys[2].explain() == PUBLISHED + "It was delivered at web/eth0: frame.number 18 answers it."
    assert trace.journeys[2].summary == "tcp SYN 203.0.113.2:42876 → 203.0.113.1:8080: delivered at web/eth0"


PROOF, MORE = Evidence("nft-rule", "drop", "r nft", "kernel"), Evidence("counter", "grew by 1", "r", "kernel")


@pytest.mark.parametrize(
    ("outcome", "line", "short"),
    [
        (Outcome("delivered", "b/x"), "It was delivered at b/x.", "delivered at b/x"),
        (Outcome("delivered", "b/x", "", (PROOF, MORE)), "It was delivered at b/x: grew by 1.", "delivered at b/x"),
        (Outcome("arrived", "b/x"), "It arrived at b/x; the recording does not show whether it was accepted there.",
         "arrived at b/x"),
        (Outcome("arrived", "b/x", "full", (PROOF, MORE)), "It arrived at b/x: full (r nft).", "arrived at b/x"),
        (Outcome("lost-from-sight", "b/x"),
         "It was last captured at b/x; the recording does not show what happened next.", "lost-from-sight last seen at b/x"),
        (Outcome("lost-from-sight", "b/x", "far"), "It was last seen at b/x: far.", "lost-from-sight last seen at b/x"),
        (Outcome("dropped", "b/x", "a rule", (PROOF, MORE)), "It was dropped after b/x: a rule (r nft).", "dropped after b/x"),
        (Outcome("dropped", "b/x", "a rule"), "It was dropped after b/x: a rule.", "dropped after b/x"),
        (Outcome("left", "b/x"), "It left what was captured at b/x.", "left what was captured at b/x"),
        (Outcome("consumed", "b/x", "a bridge"), "It was consumed at b/x: a bridge.", "consumed at b/x"),
        (Outcome("ambiguous", "b/x", "two fit"), "Where it came from is ambiguous: two fit.", "ambiguous at b/x"),
    ],
)  # fmt: skip
def test_each_outcome_has_its_sentence_with_the_first_evidence_of_its_cause(outcome, line, short):
    frame = bytes(Ether(src="02::1", dst="02::2") / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5, dport=53))
    trace = explain(recording_of(frames_of([("a/lo", 1, 0, frame)])))
    case, hops = trace.analysis.case, trace.journeys[0].hops
    first = "1. A packet (udp) from 10.0.0.1:5 to 10.0.0.2:53 was first seen at a/lo."
    assert wording.steps(case, hops, outcome) == f"{first}\n{line}"
    assert wording.summary(case, 0, outcome) == f"udp 10.0.0.1:5 → 10.0.0.2:53: {short}"


def test_of_a_packet_in_pieces_the_first_at_each_place_is_described():
    whole = IP(src="10.0.0.1", dst="10.0.0.2", id=7) / UDP(sport=5, dport=53) / bytes(3000)
    pieces = [bytes(Ether(src="02::1", dst="02::2") / piece) for piece in fragment(whole, 1480)]
    places = ("a/x", 2, 0), ("b/x", 1, 10)
    captured = [(place, way, at + n, piece) for place, way, at in places for n, piece in enumerate(pieces)]
    lines = explain(recording_of(frames_of(captured))).journeys[0].explain().splitlines()
    assert lines[:3] == [
        "It travelled in pieces, 6 frames in all; only the first piece at each place is described.",
        "1. A packet (udp) from 10.0.0.1:5 to 10.0.0.2:53 was sent at a/x.",
        "2. It came out of the other end of the cable at b/x.",
    ]
