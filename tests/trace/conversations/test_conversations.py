"""Conversations, judged beside tshark's expert information on the same captures."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, UDP, IPerror
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vxlan import VXLAN

import cnetkit
from cnetkit.view.conversations import sentences, troubles
from tests.trace.conversations.talk import A, B, Talk, upload, write

EXPERT = {
    "retransmitted": ("tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission"),
    "out_of_order": ("tcp.analysis.out_of_order",),
    "gap": ("tcp.analysis.lost_segment",),
    "repeated_acknowledgement": ("tcp.analysis.duplicate_ack",),
    "zero_window": ("tcp.analysis.zero_window",),
    "keep_alive": ("tcp.analysis.keep_alive",),
    "port_reused": ("tcp.analysis.reused_ports",),
}  # fmt: skip


def overtaken_midway() -> Talk:
    """No handshake was captured, and the fourth segment comes before the third."""
    talk = Talk()
    for n, late in ((0, 0.001), (1, 0.001), (3, 0.001), (2, 0.0005), (4, 0.001)):
        talk.say("A", 1 + n * 100, 1, bytes(100), after=late)
    return talk


CAPTURES = {
    "healthy": lambda: Talk().opened().exchanged().closed(),
    "sent again": lambda: upload([0, 1, 2, 3, 4], {1: 0.3, 2: 0.4}),
    "lost before the tap": lambda: upload([0, 1, 3, 4, 5], {2: 0.5}),
    "overtaken by far": lambda: upload([0, 1, 3, 2, 4, 5]),
    "overtaken": lambda: upload([0, 1, 3], {2: 0.0002}),
    "overtaken in the middle of it": overtaken_midway,
    "never came": lambda: upload([0, 1, 3, 4, 5]),
    "syn again": lambda: Talk().say("S").say("S", after=1.0).say("S", after=2.0),
    "no window": lambda: Talk().opened().exchanged().say("A", 401, 401, back=True, window=0)
    .say("A", 401, 401, back=True, window=900),
    "kept alive": lambda: Talk().opened().exchanged().say("A", 400, 401, after=10).say("A", 401, 401, back=True)
    .say("A", 400, 401, after=10).say("A", 401, 401, back=True),
    "numbers go round": lambda: Talk(isn=(2**32 - 150, 2**32 - 50)).opened().exchanged(8),
    "port used again": lambda: Talk().opened().exchanged().closed()
    .say("S", 90000, after=5).say("SA", 70000, 90001, back=True).say("A", 90001, 70001).say("PA", 90001, 70001, b"x" * 50),
}  # fmt: skip


def by_tshark(path: Path) -> dict[str, list[int]]:
    """Frame numbers, from 0, by the kind of trouble."""
    result = {}
    for kind, fields in EXPERT.items():
        command = ["tshark", "-n", "-r", str(path), "-Y", " || ".join(fields), "-T", "fields", "-e", "frame.number"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        result[kind] = [int(number) - 1 for number in done.stdout.split()]
    return result


def by_cnetkit(path: Path) -> dict[str, list[int]]:
    marks = cnetkit.load(path).conversations.columns
    s, frame = marks.segments, marks.packets.frame
    columns = (s.retransmitted, s.out_of_order, s.gap, s.repeated_ack, s.zero_window, s.keep_alive, s.port_reused)
    return {kind: sorted(frame[which].tolist()) for kind, which in zip(EXPERT, columns, strict=True)}


@pytest.mark.parametrize("name", CAPTURES)
def test_segments_are_judged_as_tshark_judges_them(tmp_path, name):
    path = write(tmp_path / "x.pcap", CAPTURES[name]().frames)
    assert by_cnetkit(path) == by_tshark(path)


@pytest.mark.parametrize("seed", range(12))
def test_segments_of_random_uploads_are_judged_as_tshark_judges_them(tmp_path, seed):
    chance = random.Random(seed)
    order = list(range(12))
    lost = {n: 0.2 + n / 10 for n in chance.sample(order[1:-1], chance.randrange(3))}
    talk = upload([n for n in order if n not in lost], lost)
    path = write(tmp_path / "x.pcap", talk.frames)
    assert by_cnetkit(path) == by_tshark(path)


def state(path: Path) -> list[str]:
    return [item.state for item in cnetkit.load(path).conversations]


def udp(back: bool = False, port: int = 53, data: bytes = b"?") -> bytes:
    hosts = {"src": "10.0.0.2", "dst": "10.0.0.1"} if back else {"src": "10.0.0.1", "dst": "10.0.0.2"}
    ends = {"sport": port, "dport": 40000} if back else {"sport": 40000, "dport": port}
    return bytes(Ether(src=A, dst=B) / IP(**hosts) / UDP(**ends) / data)


def unreachable(code: int = 3) -> bytes:
    quoted = IP(udp()[14:])
    return bytes(
        Ether(src=B, dst=A) / IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=code) / IPerror(bytes(quoted)[:28])
    )


STATES = {
    "refused": Talk().say("S").say("RA", 0, 1, back=True).frames,
    "unanswered": Talk().say("S").say("S", after=1).frames,
    "reset": Talk().opened().exchanged().say("R", 401, back=True).frames,
    "closed": CAPTURES["healthy"]().frames,
    "answered": Talk().opened().exchanged().frames,
    "stalled": Talk().opened().say("PA", 1, 1, b"GET /").say("PA", 1, 1, b"GET /", after=1).frames,
    "rejected": [(1.0, udp()), (1.001, unreachable())],
    "one-sided": [(at, frame) for at, frame in Talk().opened().exchanged().closed().frames if frame[6:12] == b"\2\0\0\0\0\x0b"],
    "half-closed": Talk().opened().exchanged().say("FA", 401, 401, back=True).say("A", 401, 402).frames,
    "one-way": [(1.0, udp(port=514)), (1.1, udp(port=514))],
    "announced": [(1.0, bytes(Ether(src=A, dst="01:00:5e:00:00:fb") / IP(udp(port=9999)[14:])))],
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_each_state_is_distinguished_from_the_others(tmp_path, name):
    assert state(write(tmp_path / "x.pcap", STATES[name])) == [name]


def test_an_upload_that_is_only_acknowledged_is_answered_and_not_stalled(tmp_path):
    assert state(write(tmp_path / "x.pcap", upload(list(range(6))).frames)) == ["answered"]


def test_a_reset_after_both_ends_were_done_is_a_close(tmp_path):
    talk = CAPTURES["healthy"]().say("R", 402, back=True)
    assert state(write(tmp_path / "x.pcap", talk.frames)) == ["closed"]


def test_an_error_about_ipv6_is_named_with_its_sender(tmp_path):
    asked = IPv6(src="fd00::1", dst="fd00::2") / UDP(sport=40000, dport=7) / b"x"
    error = IPv6(src="fd00::fe", dst="fd00::1") / ICMPv6DestUnreach(code=1) / bytes(asked)
    path = write(
        tmp_path / "x.pcap", [(1.0, bytes(Ether(src=A, dst=B) / asked)), (1.1, bytes(Ether(src=B, dst=A) / error))]
    )
    (item,) = cnetkit.load(path).conversations
    assert (item.state, item.ended_how, item.ended_from) == (
        "rejected", "ICMP communication administratively prohibited", "fd00::fe")  # fmt: skip


def test_the_client_is_who_asked_even_if_the_capture_begins_with_an_answer(tmp_path):
    path = write(tmp_path / "x.pcap", [(1.0, udp(back=True)), (1.1, udp()), (1.2, udp(back=True))])
    (item,) = cnetkit.load(path).conversations
    assert (item.sent[0], item.received[0]) == (1, 2)


def test_octets_packets_and_round_trip_are_counted(tmp_path):
    talk = Talk().say("S").say("SA", 0, 1, back=True, after=0.02).say("A", 1, 1)
    (item,) = cnetkit.load(write(tmp_path / "x.pcap", talk.exchanged().frames)).conversations
    assert (item.sent, item.received, item.opened) == ((6, 400), (5, 400), True)
    assert abs(item.round_trip_ns - 20_000_000) < 2000


def dns(number: int, name: str, code: int = 0, address: str = "", back: bool = False) -> bytes:
    answers = [DNSRR(rrname=name, rdata=address)] if address else []
    return udp(
        back, data=bytes(DNS(id=number, qr=int(back), rcode=code, qd=[DNSQR(qname=name)], an=answers, ns=[], ar=[]))
    )


def test_names_are_listed_with_their_answers_tries_and_failures(tmp_path):
    frames = [
        (1.0, dns(1, "there.example")), (1.01, dns(1, "there.example", 0, "10.9.9.9", back=True)),
        (2.0, dns(2, "gone.example")), (2.01, dns(2, "gone.example", 3, back=True)),
        (3.0, dns(3, "silent.example")), (4.0, dns(3, "silent.example")),
    ]  # fmt: skip
    trace = cnetkit.load(write(tmp_path / "x.pcap", frames))
    reported = [(item.question, item.answer, item.answered, item.tries) for item in trace.conversations.topics(0)]
    assert reported == [
        ("A there.example", "10.9.9.9", True, 1), ("A gone.example", "NXDOMAIN", True, 1),
        ("A silent.example", "", False, 2),
    ]  # fmt: skip


def test_http_and_arp_are_listed_by_question_and_answer(tmp_path):
    talk = Talk().opened().say("PA", 1, 1, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.say("PA", 1, 30, b"HTTP/1.1 503 Service Unavailable\r\n\r\n", back=True)
    who = ARP(op=1, psrc="10.0.0.1", pdst="10.0.0.9", hwsrc=A)
    frames = [*talk.frames, (1010.0, bytes(Ether(src=A, dst="ff:ff:ff:ff:ff:ff") / who))]
    trace = cnetkit.load(write(tmp_path / "x.pcap", frames))
    assert [(item.question, item.answer) for item in trace.conversations.topics(0)] == [
        ("GET /x", "HTTP/1.1 503 Service Unavailable")]  # fmt: skip
    (asked,) = trace.conversations.topics(1)
    assert (asked.question, asked.answered) == ("who has 10.0.0.9?", False)
    assert trace.conversations.of_flow(1).state == "unanswered"


def test_the_table_has_a_row_for_each_conversation_worst_first(tmp_path):
    frames = sorted([*STATES["closed"], *((at + 0.0001, frame) for at, frame in STATES["rejected"])])
    table = cnetkit.load(write(tmp_path / "x.pcap", frames)).conversations.table
    assert table["state"].tolist() == ["rejected", "closed"]
    assert table["server"].tolist() == ["10.0.0.2:53", "10.0.0.2:80"]


def test_the_document_has_the_conversations_with_their_findings_in_the_same_order(tmp_path):
    frames = sorted([*upload([0, 1, 3], {2: 0.3}).frames, *((at + 0.0001, frame) for at, frame in STATES["rejected"])])
    trace = cnetkit.load(write(tmp_path / "x.pcap", frames))
    document = json.loads(trace.to_json())["conversations"]
    assert [(item["flow"], item["state"], item["server"], item["octets_sent"]) for item in document] == [
        (item.flow, item.state, row.server, item.sent[1])
        for item, row in zip(trace.conversations, trace.conversations.table.itertuples(), strict=True)
    ]
    assert [item["ended_from"] for item in document] == ["10.0.0.2", ""]
    (item,) = (item for item in document if item["state"] == "answered")
    assert [(finding["kind"], finding["frames"]) for finding in item["findings"]] == [
        (finding.kind, list(finding.frames)) for finding in trace.conversations.of_flow(item["flow"]).findings]  # fmt: skip
    assert "retransmitted" in [finding["kind"] for finding in item["findings"]]


def test_a_selections_document_has_its_own_conversations_only(tmp_path):
    frames = sorted([*STATES["closed"], *STATES["rejected"]])
    trace = cnetkit.load(write(tmp_path / "x.pcap", frames)).select("udp")
    assert [item["state"] for item in json.loads(trace.to_json())["conversations"]] == ["rejected"]


def test_a_conversation_that_does_not_exist_is_refused_in_words(tmp_path):
    trace = cnetkit.load(write(tmp_path / "x.pcap", STATES["closed"]))
    with pytest.raises(IndexError, match="there is no conversation 999: this trace has only 1, numbered from 0"):
        trace.conversations[999]
    assert trace.conversations[-1].state == "closed"


def test_a_trace_without_frames_has_no_conversations(tmp_path):
    trace = cnetkit.load(write(tmp_path / "x.pcap", []))
    assert (len(trace.conversations), trace.conversations.states, len(trace.conversations.table)) == (0, {}, 0)


def test_a_selection_has_its_own_conversations_only(tmp_path):
    frames = sorted([*STATES["closed"], *STATES["rejected"]])
    trace = cnetkit.load(write(tmp_path / "x.pcap", frames))
    assert [item.state for item in trace.select("tcp.port == 80").conversations] == ["closed"]


def test_a_problem_says_where_to_go_on_in_wireshark(tmp_path):
    outer = Ether(src=A, dst=B) / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(dport=4789) / VXLAN(vni=42)
    silent = Talk().say("S", after=0.25).say("S")
    healthy = [(1000.0, udp(port=9, data=b"first"))]
    wrapped = [(at, bytes(outer / Ether(frame))) for at, frame in silent.frames]
    (line,) = troubles(cnetkit.load(write(tmp_path / "x.pcap", healthy + wrapped)))
    assert line.startswith(
        "! frame.number 2 at 0.250000 s, tcp 10.0.0.1:40000 → 10.0.0.2:80 in vxlan 42 from 192.0.2.1 to 192.0.2.2: unanswered"
    )


def test_problems_beyond_the_first_are_counted_by_kind(tmp_path):
    frames = []
    for port in range(81, 91):  # ten refused, one unanswered, one retransmitted
        frames += Talk(port).say("S").say("RA", 0, 1, back=True).frames
    frames += (
        Talk(91).say("S").say("S").frames
        + Talk(92).opened().say("PA", 1, 1, b"xy").say("PA", 1, 1, b"xy").say("A", 1, 3, back=True).frames
    )
    frames += Talk(93).opened().exchanged().closed().frames
    lines = list(troubles(cnetkit.load(write(tmp_path / "x.pcap", sorted(frames)))))
    assert len(lines) == 9
    assert all("refused" in line for line in lines[:8])
    assert lines[8].startswith("! and 4 more conversations with faults (2 refused, 1 unanswered, 1 with findings): see")


def test_in_a_healthy_state_the_findings_come_first(tmp_path):
    trace = cnetkit.load(write(tmp_path / "x.pcap", Talk().opened().say("PA", 1, 1, b"xy").say("PA", 1, 1, b"xy")
                               .say("A", 1, 3, back=True).frames))  # fmt: skip
    assert "80: 1 segment sent again (retransmitted) (frame.number 5); answered in 1.0 ms" in next(troubles(trace))


@given(st.lists(st.tuples(st.sampled_from(["tcp", "udp", "arp", "raw"]), st.binary(max_size=60)), max_size=12))
def test_no_bytes_raise(tmp_path_factory, packets):
    heads = {"tcp": bytes(Ether(src=A, dst=B) / IP(src="10.0.0.1", dst="10.0.0.2", proto=6)), "raw": b"",
             "udp": udp(data=b""), "arp": bytes(Ether(src=A, dst=B, type=0x806))}  # fmt: skip
    frames = [(1.0 + at / 1000, heads[kind] + body) for at, (kind, body) in enumerate(packets)]
    trace = cnetkit.load(write(tmp_path_factory.mktemp("any") / "x.pcap", frames))
    assert sum(trace.conversations.states.values()) == len(trace.flows)
    assert len(trace.conversations.table) == len(trace.flows)
    for item in trace.conversations:
        trace.conversations.topics(item.flow)
        assert list(sentences(trace, item))
    assert len(list(troubles(trace))) <= len(trace.flows) + 1
