"""A rejection belongs to the packet whose octets it quotes, or whose SYN it acknowledges."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

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
    assert quoted == [f"frame {answer}" for answer in range(1, 200, 2)]
    assert len(looked_at) < 1000
