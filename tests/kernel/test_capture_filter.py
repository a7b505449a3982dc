"""A capture filter keeps what tcpdump keeps with the same words, and a wrong one is refused in libpcap's words."""

from __future__ import annotations

import subprocess

import pytest

from cnetkit import CnetkitError, load
from cnetkit.lab import Lab

FILTERS = ["tcp port 80", "icmp or arp", "udp port 53 and src host 10.1.0.2", "not tcp", "tcp[tcpflags] & tcp-syn != 0"]


@pytest.fixture(scope="module")
def lab():
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
def test_what_is_captured_is_what_tcpdump_selects_from_all_frames(lab, words, tmp_path):
    with lab.trace() as whole, lab.trace(filter=words) as some:
        traffic(lab)
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


def test_a_wrong_filter_is_refused_in_libpcaps_words_and_no_capture_begins(lab):
    with pytest.raises(CnetkitError, match=r"'tcp prot 80' is not a capture filter: libpcap says .*syntax error"):
        lab.trace(filter="tcp prot 80").__enter__()
    with lab.trace() as trace:
        traffic(lab)
    assert trace.journeys


def test_a_filtered_trace_says_so_also_when_it_is_loaded_again(lab, tmp_path):
    with lab.trace(filter="icmp") as trace:
        traffic(lab)
    trace.save(tmp_path / "icmp.pcapng")
    for one in (trace, load(tmp_path / "icmp.pcapng")):
        assert one.recording.warnings == (
            "only frames that match the filter 'icmp' were captured, so one that is translated may seem lost",
        )
