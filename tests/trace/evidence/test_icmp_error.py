"""An ICMP error is about the packet that it quotes, and belongs to that packet's flow."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.layers.l2 import Ether

from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def traced(*packets):
    ways = (1, 2, 1)
    captured = [("b/eth0", ways[at], at, bytes(Ether(**MACS) / packet)) for at, packet in enumerate(packets)]
    return explain(recording_of(frames_of(captured)))


def asked(number, source="10.0.0.1"):
    return IP(src=source, dst="10.0.0.2", id=number) / UDP(sport=5, dport=number)


def test_an_icmp_error_is_about_the_packet_it_quotes():
    error = IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=3) / asked(3)
    trace = traced(asked(3), error, asked(4))
    assert trace.journeys[1].about is trace.journeys[0]
    assert trace.journeys[1].flow.id == trace.journeys[0].flow.id != trace.journeys[2].flow.id
    assert trace.journeys[1].hops[0].evidence[-1].quote == "it quotes frame.number 1: udp 10.0.0.1:5 → 10.0.0.2:3"


def test_an_error_about_an_uncaptured_packet_has_no_evidence():
    error = IP(src="10.0.0.2", dst="10.0.0.1") / ICMP(type=3, code=3) / asked(3)
    trace = traced(asked(9), error)
    assert trace.journeys[1].about is None
    assert trace.journeys[1].hops[0].evidence == ()


def test_other_packets_are_not_about_a_journey():
    trace = traced(IP(src="10.0.0.1", dst="10.0.0.2") / TCP(), IP() / ICMP(type=8))
    assert [journey.about for journey in trace.journeys] == [None, None]


def test_icmpv6_errors_quote_packets_too():
    packet = IPv6(src="fd00::1", dst="fd00::2") / UDP(sport=5, dport=6)
    trace = traced(packet, IPv6(src="fd00::2", dst="fd00::1") / ICMPv6DestUnreach(code=4) / packet)
    assert trace.journeys[1].about is trace.journeys[0]
