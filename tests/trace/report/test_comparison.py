"""Differences between two traces of the same question."""

from pathlib import Path

import numpy as np
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, LLC, STP, Dot3, Ether

import cnetkit
from cnetkit.recording import Recording
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

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


def test_what_finds_neighbours_and_bridges_is_not_compared():
    """Who asks for an address, and how often, depends on what the tables hold."""
    link, six = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02"), IPv6(src="fd00::1", dst="fd00::2")
    asked = [link / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(dport=90), link / six / ICMPv6EchoRequest()]
    beside = [
        link / ARP(pdst="10.0.0.2"),
        link / six / ICMPv6ND_NS(tgt="fd00::2"),
        Dot3(dst="01:80:c2:00:00:00") / LLC() / STP(),
    ]
    few, many = (
        explain(recording_of(frames_of([("a/eth0", 2, at, bytes(frame)) for at, frame in enumerate(frames)])))
        for frames in (asked, [*beside, *asked])
    )
    comparison = few.compare(many)
    assert (comparison.differences, comparison.alike) == ((), 2)
    assert {item.question.partition(" ")[0] for item in few.compare(many.select("arp")).differences} == {
        "udp",
        "icmpv6",
    }
