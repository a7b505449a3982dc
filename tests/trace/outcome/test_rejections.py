"""A rejection belongs to the packet whose octets it quotes, or whose SYN it acknowledges."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig, IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.model import Connection, Interface, Node, Topology, Tuple5
from cnetkit.trace import explain
from cnetkit.trace.outcome import rejections as rule
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def sent(number):
    return IP(src="10.0.0.1", dst="10.0.0.2", id=number) / UDP(sport=5, dport=number)


def test_an_error_belongs_to_the_packet_that_it_quotes():
    error = IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=3) / sent(2)
    packets = [sent(1), sent(2), sent(3)]
    captured = [("b/eth0", 1, at, bytes(Ether(**MACS) / packet)) for at, packet in enumerate(packets)]
    trace = explain(recording_of(frames_of([*captured, ("b/eth0", 2, 9, bytes(Ether(**MACS) / error))])))
    assert [j.outcome.kind == "dropped" for j in trace.journeys[:3]] == [False, True, False]
    assert trace.journeys[1].outcome.reason == "the node answered with ICMP port unreachable"


def test_a_reset_belongs_to_the_syn_that_it_acknowledges():
    syn = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=5, dport=80, seq=41, flags="S")
    for acknowledged, refused in ((42, True), (77, False)):
        reset = IP(src="10.0.0.2", dst="10.0.0.1", id=0) / TCP(sport=80, dport=5, ack=acknowledged, flags="RA")
        captured = [("b/eth0", 1, 0, bytes(Ether(**MACS) / syn)), ("b/eth0", 2, 9, bytes(Ether(**MACS) / reset))]
        outcome = explain(recording_of(frames_of(captured))).journeys[0].outcome
        assert (outcome.reason == "the node answered with a TCP reset") is refused


def test_many_identical_packets_get_their_own_answers_in_linear_time(monkeypatch):
    packet = IP(src="10.0.0.1", dst="10.0.0.2", id=0, flags="DF") / UDP(sport=5, dport=8125) / b"the same"
    error = IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=3) / packet
    frames = [("b/eth0", 1, bytes(Ether(**MACS) / packet)), ("b/eth0", 2, bytes(Ether(**MACS) / error))]
    captured = [
        (place, way, 2 * at + number, raw) for at in range(100) for number, (place, way, raw) in enumerate(frames)
    ]
    looked_at, key = [], rule._key
    monkeypatch.setattr(rule, "_key", lambda case, frame: looked_at.append(frame) or key(case, frame))
    trace = explain(recording_of(frames_of(captured)))
    quoted = [e.source for journey in trace.journeys for e in journey.outcome.evidence]
    assert quoted == [f"frame.number {answer}" for answer in range(2, 201, 2)]
    assert len(looked_at) < 1000


def tcp(flags, source="10.0.0.1", target="10.0.0.2", sport=5, dport=80, **fields):
    return IP(src=source, dst=target) / TCP(sport=sport, dport=dport, flags=flags, **fields)


def outcomes(*packets):
    """Of packets that come in at b (1) or are sent by it (2)."""
    captured = [("b/eth0", way, at, bytes(Ether(**MACS) / packet)) for at, (way, packet) in enumerate(packets)]
    return [journey.outcome for journey in explain(recording_of(frames_of(captured))).journeys]


def test_a_reset_without_an_ack_answers_the_latest_segment_that_acknowledged_its_number():
    data = tcp("PA", seq=100, ack=700) / b"two"
    found = outcomes(
        (1, tcp("PA", seq=90, ack=600) / b"one"), (1, data), (2, tcp("R", "10.0.0.2", "10.0.0.1", 80, 5, seq=700))
    )
    assert [one.kind == "dropped" for one in found] == [False, True, False]
    assert found[1].reason == "the node answered with a TCP reset"
    assert found[1].evidence[0].source == "frame.number 3"


def test_a_reset_of_a_syn_ack_belongs_to_it_with_ipv6_too():
    ends = IPv6(src="fd00::1", dst="fd00::2"), IPv6(src="fd00::2", dst="fd00::1")
    asked = ends[0] / TCP(sport=80, dport=5, seq=9, ack=42, flags="SA")
    found = outcomes((1, asked), (2, ends[1] / TCP(sport=5, dport=80, seq=42, flags="R")))
    assert [one.kind == "dropped" for one in found] == [True, False]


def test_a_program_that_resets_its_connection_rejects_no_segment():
    data = tcp("PA", seq=100, ack=700) / b"two"
    active = tcp("RA", "10.0.0.2", "10.0.0.1", 80, 5, seq=700, ack=103)
    assert [one.kind == "dropped" for one in outcomes((1, data), (2, active))] == [False, False]


def test_an_acknowledged_segment_was_not_reset_later():
    data = tcp("PA", seq=100, ack=700) / b"two"
    answers = (
        tcp("A", "10.0.0.2", "10.0.0.1", 80, 5, seq=700, ack=103),
        tcp("R", "10.0.0.2", "10.0.0.1", 80, 5, seq=700),
    )
    assert [one.kind == "dropped" for one in outcomes((1, data), *((2, answer) for answer in answers))] == [False] * 3


def test_a_forwarded_reset_is_no_rejection_by_the_router():
    data, reset = tcp("PA", seq=100, ack=700) / b"two", tcp("R", "10.0.0.2", "10.0.0.1", 80, 5, seq=700)
    reset.ttl = 63
    assert outcomes((1, data), (2, reset))[0].kind != "dropped"


def test_a_reset_with_the_addresses_from_before_a_translation_belongs_to_the_translated_syn():
    """As a redirect to a port where nobody listens does; the bridge shows it before and behind the translation."""
    asked, redirected = tcp("S", target="192.0.2.9", seq=41), tcp("S", target="10.0.0.2", dport=9999, seq=41)
    reset = IP(src="192.0.2.9", dst="10.0.0.1", id=0) / TCP(sport=80, dport=5, ack=42, flags="RA")
    connection = Connection(
        "b", 1, "tcp", Tuple5("10.0.0.1", "192.0.2.9", 5, 80), Tuple5("10.0.0.2", "10.0.0.1", 9999, 5)
    )
    interfaces = (
        Interface("b", "br0", 2, "bridge", MACS["dst"], 1500, True, addresses=("10.0.0.2/24",)),
        Interface("b", "port", 3, "veth", "02:00:00:00:00:03", 1500, True, master="br0"),
    )
    topology = Topology(0, (Node("b", "host"),), interfaces, connections=(connection,))
    shown = ("b/port", 1, asked), ("b/br0", 1, redirected), ("b/br0", 2, reset), ("b/port", 2, reset)
    captured = [(place, way, 10 + at, bytes(Ether(**MACS) / packet)) for at, (place, way, packet) in enumerate(shown)]
    journeys = explain(recording_of(frames_of(captured), (topology,))).journeys
    assert len(journeys) == 2
    assert journeys[0].outcome.reason == "the node answered with a TCP reset"


def left(*packets):
    """The journeys of packets that a sends (2) and that come in there (1)."""
    captured = [("a/eth0", way, at, bytes(Ether(**MACS) / packet)) for at, (way, packet) in enumerate(packets)]
    return explain(recording_of(frames_of(captured))).journeys


def error_about(packet, source="10.0.0.254", kind=3, code=1):
    return IP(src=source, dst="10.0.0.1") / ICMP(type=kind, code=code) / IPerror(bytes(packet)[:28])


def asked(number, target="192.0.2.1"):
    return IP(src="10.0.0.1", dst=target, id=number) / UDP(sport=5, dport=7000) / b"ask"


def test_an_error_from_elsewhere_says_who_dropped_the_packet():
    first, second, *_ = left((2, asked(1)), (2, asked(2)), (1, error_about(asked(2))))
    assert (first.outcome.kind, first.outcome.reason) == ("left", "")
    assert (second.outcome.kind, second.outcome.where) == ("dropped", "a/eth0")
    assert second.outcome.reason == "10.0.0.254 answered with ICMP host unreachable"
    assert [evidence.source for evidence in second.outcome.evidence] == ["frame.number 3"]


def test_an_error_by_ipv6_says_so_too():
    packet = IPv6(src="fd00::1", dst="fd00:9::2") / UDP(sport=5, dport=6) / b"large"
    journey, _ = left((2, packet), (1, IPv6(src="fd00::fe", dst="fd00::1") / ICMPv6PacketTooBig(mtu=1280) / packet))
    assert journey.outcome.reason == "fd00::fe answered with ICMP packet too big"


@pytest.mark.parametrize(("kind", "code"), [(5, 1), (4, 0)])
def test_a_redirect_or_source_quench_drops_nothing(kind, code):
    """The router forwarded the packet all the same."""
    packet = asked(1)
    assert left((2, packet), (1, error_about(packet, kind=kind, code=code)))[0].outcome.kind == "left"
    assert outcomes((1, packet), (2, error_about(packet, "10.0.0.2", kind, code)))[0].kind != "dropped"


def test_of_identical_packets_it_is_unknown_which_one_an_error_is_about():
    same, error = asked(0), error_about(asked(0))
    kinds = [journey.outcome.kind for journey in left((2, same), (2, same), (1, error))[:2]]
    assert kinds == ["left", "left"]
    kinds = [journey.outcome.kind for journey in left((2, same), (2, same), (1, error), (1, error))[:2]]
    assert kinds == ["dropped", "dropped"]
    assert left((1, error), (2, same))[1].outcome.kind == "left"  # it came before


@pytest.mark.parametrize(
    "transport",
    [UDP(sport=5, dport=7000), ICMP(id=3, seq=4), ICMP(type=13, id=3, seq=4)],
    ids=["udp", "ping", "timestamp"],
)
def test_an_error_quotes_the_finished_checksum_and_the_capture_may_have_an_unfinished_one(transport):
    packet = IP(src="10.0.0.1", dst="10.0.0.2", id=9) / transport
    unfinished = IP(bytes(packet))
    unfinished[transport.__class__].chksum = 0x1234
    error = error_about(packet, "10.0.0.2", 3, 2)
    refused = outcomes((1, unfinished), (2, error))[0]
    assert refused.reason == "the node answered with ICMP protocol unreachable"
    assert left((2, unfinished), (1, error))[0].outcome.reason == "10.0.0.2 answered with ICMP protocol unreachable"
    another = IP(bytes(packet))
    another[transport.__class__].setfieldval("dport" if isinstance(transport, UDP) else "seq", 77)
    del another[transport.__class__].chksum
    assert left((2, another), (1, error))[0].outcome.kind == "left"


@pytest.mark.parametrize("six", [False, True])
def test_an_error_about_a_tunnels_header_is_about_what_is_in_the_tunnel(six):
    outer = IPv6(src="fd00::1", dst="fd00:9::2") if six else IP(src="10.0.0.1", dst="192.0.2.2", id=44)
    inner = Ether(src="02:00:00:00:00:05", dst="02:00:00:00:00:06") / asked(9, "10.9.0.2")
    sent = outer / UDP(sport=50000, dport=4789) / VXLAN(vni=7, flags=8) / inner
    quoted = bytes(sent)[: 68 if six else 28]
    error = IPv6(src="fd00::fe", dst="fd00::1") / ICMPv6DestUnreach(code=3) / quoted if six else error_about(quoted)
    journey, its_error = left((2, sent), (1, error))
    assert journey.outcome.reason.endswith(
        "answered with ICMP address unreachable" if six else "answered with ICMP host unreachable"
    )
    assert its_error.about is journey


def syn_outcomes(*packets):
    """Of the SYNs among them: the frame number of the reset that answered each, or None. `S`: a SYN, `R`: a reset for it."""
    frames = []
    for at, what in enumerate(packets):
        ends = ("10.0.0.1", "10.0.0.2", 5, 80) if what == "S" else ("10.0.0.2", "10.0.0.1", 80, 5)
        tcp = (
            TCP(sport=ends[2], dport=ends[3], flags="S", seq=100)
            if what == "S"
            else TCP(sport=80, dport=5, flags="RA", ack=101)
        )
        packet = Ether(**MACS) if what == "S" else Ether(src=MACS["dst"], dst=MACS["src"])
        frames.append(
            (
                "b/eth0",
                1 if what == "S" else 2,
                at * 10**6,
                bytes(packet / IP(src=ends[0], dst=ends[1], id=at + 1) / tcp),
            )
        )
    outcomes = [j.outcome for j in explain(recording_of(frames_of(frames))).journeys if j.packet.kind == "SYN"]
    return [outcome.evidence[0].source.split()[-1] if outcome.kind == "dropped" else None for outcome in outcomes]


def test_a_syn_that_was_sent_again_was_rejected_by_the_reset_in_its_place_or_it_is_not_known():
    """It has another identification each time."""
    assert syn_outcomes("S", "R", "S", "R") == ["2", "4"]
    assert syn_outcomes("S", "S", "R", "R") == ["3", "4"]
    assert syn_outcomes("S", "S", "R") == [None, None]


@pytest.mark.parametrize(
    ("version", "header", "changing"),
    [
        (4, bytes([0x45, *range(1, 20)]), {1, 2, 3, 6, 7, 8, 10, 11}),  # class, length, flags and offset, TTL, checksum
        (6, bytes([0x60, *range(1, 40)]), {1, 2, 3, 4, 5, 7}),  # class, flow label, length, hop limit
    ],
)
def test_of_a_network_header_everything_is_compared_that_a_node_does_not_change(version, header, changing):
    for at in range(1, len(header)):
        other = bytearray(header)
        other[at] ^= 0xFF
        assert (rule.kept(bytes(other)) == rule.kept(header)) is (at in changing), at
