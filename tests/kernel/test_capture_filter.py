"""A capture filter keeps what tcpdump keeps with the same words, and a wrong one is refused in libpcap's words."""

from __future__ import annotations

import subprocess

import pytest

from cnetkit import CnetkitError, load
from cnetkit.lab import Lab
from cnetkit.view.wording import summary

FILTERS = ["tcp port 80", "icmp or arp", "udp port 53 and src host 10.1.0.2", "not tcp", "tcp[tcpflags] & tcp-syn != 0"]


@pytest.fixture(scope="module")
def pair():
    with Lab("filters") as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.connect(near, far, "10.1.0.0/24")
        for port in (80, 81):
            far.http_server(port)
        far.udp_echo(53)
        yield lab


def traffic(lab):
    lab["near"].run(
        "ip neigh flush dev eth0; ping -c1 10.1.0.1; curl -s http://10.1.0.1/ http://10.1.0.1:81/", check=True
    )
    lab["near"].run("bash -c 'echo hello > /dev/udp/10.1.0.1/53'", check=True)


def frames(trace):
    recorded = trace.recording.frames
    return [recorded.bytes_of(number) for number in range(len(recorded))]


@pytest.mark.parametrize("words", FILTERS)
def test_what_is_captured_is_what_tcpdump_selects_from_all_frames(pair, words, tmp_path):
    with pair.trace() as whole, pair.trace(filter=words) as some:
        traffic(pair)
    whole.save(tmp_path / "whole.pcapng")
    command = ["tcpdump", "-r", tmp_path / "whole.pcapng", "-w", tmp_path / "some.pcap", words]
    subprocess.run(command, capture_output=True, check=True)
    with open(tmp_path / "some.pcap", "rb") as file:
        kept = list(packets(file.read()))
    assert 0 < len(kept) < len(whole.recording.frames)
    assert sorted(frames(some)) == sorted(kept)


def packets(pcap):
    """The packets of a pcap file of this machine's byte order."""
    at = 24
    while at < len(pcap):
        length = int.from_bytes(pcap[at + 8 : at + 12], "little")
        yield pcap[at + 16 : at + 16 + length]
        at += 16 + length


def test_a_wrong_filter_is_refused_in_libpcaps_words_and_no_capture_begins(pair):
    with pytest.raises(CnetkitError, match=r"'tcp prot 80' is not a capture filter: libpcap says .*syntax error"):
        pair.trace(filter="tcp prot 80").__enter__()
    with pair.trace() as trace:
        traffic(pair)
    assert trace.journeys


def test_a_filtered_trace_says_so_also_when_it_is_loaded_again(pair, tmp_path):
    with pair.trace(filter="icmp") as trace:
        traffic(pair)
    trace.save(tmp_path / "icmp.pcapng")
    for shown in (trace, load(tmp_path / "icmp.pcapng")):
        assert shown.recording.filter == "icmp"
        lines = list(summary(shown))
        assert "Lost: nothing" in lines
        assert any(line.startswith("Incomplete: only frames that match the filter 'icmp'") for line in lines)


@pytest.mark.parametrize(
    "words", ["arp", "tcp port 8080", "tcp port 80", "src host 172.17.0.2", "tcp[tcpflags] & tcp-ack == 0"]
)
def test_no_filter_makes_a_healthy_exchange_look_dropped(dock, words):
    with dock.lab.trace(filter=words) as trace:
        dock.outside.run("curl -s http://203.0.113.1:8080/", check=True)
        dock.client.run("curl -s http://172.17.0.2/; curl -s http://203.0.113.1:8080/", check=True)
    assert trace.journeys
    assert not [journey.summary for journey in trace.journeys if journey.outcome.kind == "dropped"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filter": None}, "not a capture filter"),
        ({"filter": "icmp\0"}, "not a capture filter"),
        ({"megabytes": 0}, "1 or more"),
    ],
)
def test_a_capture_that_cannot_be_asked_for_is_refused_at_once(lab, options, words):
    with pytest.raises(CnetkitError, match=words):
        lab.trace(**options)
    with pytest.raises(CnetkitError, match="is not a node"):
        lab.trace("web")
