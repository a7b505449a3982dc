"""What a packet says in a few words, of frames that scapy made."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from scapy.contrib.igmp import IGMP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vxlan import VXLAN

import cnetkit
from cnetkit.model import Connection, Node, Topology, Tuple5
from cnetkit.trace import explain
from cnetkit.trace.conversations.message import message
from tests.trace.conversations.test_conversations import write
from tests.trace.loading import frames_of, recording_of

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
ETHER, V4 = Ether(src=A, dst=B), IP(src="10.0.0.1", dst="10.0.0.2")
V6 = IPv6(src="fd00::1", dst="fd00::2")
QUESTION = DNSQR(qname="shop.example")
SAYS = [
    (ETHER / V4 / TCP(flags="S"), "SYN"),
    (ETHER / V4 / TCP(flags="SA"), "SYN-ACK"),
    (ETHER / V4 / TCP(flags="RA"), "RST-ACK"),
    (ETHER / V4 / TCP(flags="PA", dport=8080) / b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n", "GET /index.html"),
    (ETHER / V4 / TCP(flags="PA", sport=8080) / b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 404 Not Found"),
    (ETHER / V4 / TCP(flags="PA", dport=8080) / b"\x00\x01nothing known", "PSH-ACK"),
    (ETHER / V4 / TCP(flags="S", dport=53), "SYN"),
    (ETHER / V4 / UDP(sport=4000, dport=53) / DNS(qd=QUESTION), "DNS A shop.example"),
    (ETHER / V4 / TCP(sport=4000, dport=53, flags="PA") / b"\0\x1e" / DNS(qd=QUESTION), "DNS A shop.example"),
    (ETHER / V4 / UDP(sport=53, dport=4000) / DNS(qr=1, qd=QUESTION, an=DNSRR(rrname="shop.example", rdata="10.0.0.9")),
     "DNS A shop.example: 10.0.0.9"),
    (ETHER / V4 / UDP(sport=53, dport=4000) / DNS(qr=1, rcode=3, qd=QUESTION), "DNS A shop.example: NXDOMAIN"),
    (ETHER / V4 / UDP(sport=53, dport=4000) / b"not a name", "udp"),
    (ETHER / V4 / ICMP(type=8), "echo request"),
    (ETHER / V4 / ICMP(type=3, code=3) / V4 / UDP(), "port unreachable"),
    (ETHER / ARP(op=1, psrc="10.0.0.1", pdst="10.0.0.2", hwsrc=A), "ARP who has 10.0.0.2?"),
    (ETHER / ARP(op=2, psrc="10.0.0.2", pdst="10.0.0.1", hwsrc=B), f"ARP 10.0.0.2 is at {B}"),
    (ETHER / ARP(op=1, psrc="10.0.0.1", pdst="10.0.0.1", hwsrc=A), f"ARP announces 10.0.0.1 at {A}"),
    (ETHER / V6 / ICMPv6ND_NS(tgt="fd00::2"), "ND who has fd00::2?"),
    (ETHER / V6 / ICMPv6ND_NA(tgt="fd00::2"), "ND fd00::2 is here"),
    (ETHER / V6 / ICMPv6EchoRequest(), "echo request"),
    (ETHER / V4 / UDP(dport=4789) / VXLAN(vni=7) / ETHER / V4 / TCP(flags="PA") / b"POST /in HTTP/1.1\r\n\r\n", "POST /in"),
]  # fmt: skip


def journey(tmp_path, frame):
    return cnetkit.load(write(tmp_path / "one.pcap", [(1.0, bytes(frame))])).journeys[0]


@pytest.mark.parametrize(("frame", "words"), SAYS, ids=[words for _, words in SAYS])
def test_a_packet_says_what_it_is(tmp_path, frame, words):
    assert journey(tmp_path, frame).says == words


@pytest.mark.parametrize(
    ("frame", "serves"),
    [
        (ETHER / ARP(), True), (ETHER / V6 / ICMPv6ND_NS(tgt="fd00::2"), True), (ETHER / V6 / ICMPv6MLReport2(), True),
        (ETHER / V4 / IGMP(type=0x16, gaddr="239.1.2.3"), True),
        (ETHER / V6 / ICMPv6EchoRequest(), False), (ETHER / V4 / ICMP(), False), (ETHER / V4 / UDP(dport=53), False),
    ],
    ids=["arp", "neighbour solicitation", "listener report", "igmp", "echo of version 6", "echo", "dns"],
)  # fmt: skip
def test_housekeeping_carries_no_data_of_a_program(tmp_path, frame, serves):
    one = journey(tmp_path, frame)
    assert one.housekeeping is serves
    assert one.flow.housekeeping is serves


@given(payload=st.binary(max_size=80), what=st.sampled_from([ARP(), UDP(dport=53), TCP(dport=53), TCP(dport=443)]))
def test_any_payload_gives_one_line(tmp_path_factory, payload, what):
    head = ETHER if isinstance(what, ARP) else ETHER / V4
    frame = bytes(head / what)[: 14 + (20 if isinstance(what, ARP) else 99)] + payload
    path = write(tmp_path_factory.mktemp("any") / "one.pcap", [(1.0, frame)])
    for one in cnetkit.load(path).journeys:
        assert one.says
        case = one.trace.analysis.case
        assert message(one.packet, case.joined.columns, 0, one.trace.recording.frames.data) == one.says


ASKER, SERVER, SOCKET = "127.0.0.1", "127.0.0.11", 34788
QUESTION_THERE = IP(src=ASKER, dst=SERVER) / UDP(sport=4000, dport=SOCKET) / DNS(qd=QUESTION)
ANSWER_BACK = (
    IP(src=SERVER, dst=ASKER)
    / UDP(sport=53, dport=4000)
    / DNS(qr=1, qd=QUESTION, an=DNSRR(rrname="shop.example", rdata="10.0.0.9"))
)


def on_loopback(*packets, sport=4000, port=53):
    """What packets on the loopback of node `a` say, where an entry leads `port` of SERVER to SOCKET."""
    original, reply = Tuple5(ASKER, SERVER, sport, port), Tuple5(SERVER, ASKER, SOCKET, sport)
    tables = Topology(nodes=(Node("a"),), connections=(Connection("a", 1, "udp", original, reply),))
    captured = [("a/lo", 2, at, bytes(ETHER / packet)) for at, packet in enumerate(packets)]
    trace = explain(recording_of(frames_of(captured), topologies=(tables,)))
    return [one.says for one in trace.journeys]


def test_a_question_whose_port_was_translated_before_its_first_frame_is_read_by_the_nodes_entry():
    answered = ["DNS A shop.example", "DNS A shop.example: 10.0.0.9"]
    assert on_loopback(QUESTION_THERE, ANSWER_BACK) == answered
    assert on_loopback(QUESTION_THERE) == answered[:1]


def test_a_datagram_is_no_question_of_dns_unless_its_flow_was_sent_to_a_port_of_dns():
    assert on_loopback(QUESTION_THERE, port=8053) == ["udp"]
    assert on_loopback(QUESTION_THERE, sport=4001) == ["udp"]
    assert on_loopback(IP(src=ASKER, dst=SERVER) / UDP(sport=4000, dport=SOCKET) / b"not a name") == ["udp"]


def test_a_question_that_a_router_leads_to_another_port_says_the_same_on_both_sides_of_it():
    there, there_after = (
        IP(src="10.0.0.1", dst="10.0.0.2", id=7, ttl=ttl) / UDP(sport=4000, dport=port) / DNS(qd=QUESTION)
        for ttl, port in ((64, 53), (63, 5300))
    )
    back = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=53, dport=4000) / DNS(qr=1, rcode=3, qd=QUESTION)
    captured = [
        ("r/eth0", 1, 0, bytes(ETHER / there)),
        ("r/eth1", 2, 1, bytes(ETHER / there_after)),
        ("r/eth0", 2, 2, bytes(ETHER / back)),
    ]
    for frames in (captured, captured[::2]):
        says = [one.says for one in explain(recording_of(frames_of(frames))).journeys]
        assert says[0] == "DNS A shop.example"
        assert says[-1] == "DNS A shop.example: NXDOMAIN"
