"""Captures of one fault each, taken at one place: the first lines name what tshark finds, and the counts are tshark's."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import cnetkit
from cnetkit import cli
from tests.trace.conversations.faults import FAULTS, HEALTHY
from tests.trace.conversations.talk import write

FIRST = 10
"""The lines of `cnetkit inspect` that are read."""


def tshark(path: Path, *arguments: str) -> list[str]:
    """The lines that tshark prints; it reads the file twice, so that it knows which questions were answered."""
    command = ["tshark", "-2", "-n", "-r", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def first_lines(path: Path, capsys) -> str:
    assert cli.main(["inspect", str(path)]) == 0
    return "\n".join(capsys.readouterr().out.splitlines()[:FIRST])


@pytest.mark.parametrize("name", FAULTS)
def test_the_first_lines_name_the_fault_that_tshark_finds_with_its_frames(tmp_path, name, capsys):
    fault = FAULTS[name]
    path = write(tmp_path / "x.pcap", fault.frames())
    frames = tshark(path, "-Y", fault.tshark, "-T", "fields", "-e", "frame.number")
    assert frames
    says = fault.says.replace("FRAMES", ", ".join(frames)).replace("frame.number", r"frame\.number")
    lines = " ".join(line.strip() for line in first_lines(path, capsys).splitlines())
    assert re.search(says, lines), lines


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_capture_has_no_problem_line(tmp_path, name, capsys):
    lines = first_lines(write(tmp_path / "x.pcap", HEALTHY[name]()), capsys)
    assert "journey" in lines
    assert not [line for line in lines.splitlines() if line.startswith("!")]


def counted_by_tshark(path: Path) -> dict[frozenset[str], Counter[str]]:
    """Frames by the two ends and the sender, from `-z conv`."""
    pattern = re.compile(r"(\S+)\s+<->\s+(\S+)\s+(\d+) \d+ bytes\s+(\d+) \d+ bytes")
    result: dict[frozenset[str], Counter[str]] = {}
    for first, second, back, there in pattern.findall(
        "\n".join(tshark(path, "-q", "-z", "conv,tcp", "-z", "conv,udp"))
    ):
        counts = result.setdefault(frozenset((first, second)), Counter())
        counts.update({first: int(there), second: int(back)})
    return result


def payloads_by_tshark(path: Path) -> Counter[str]:
    """Octets of TCP payload by the sender's port."""
    fields = ("-Y", "tcp && !icmp", "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.len", "-E", "occurrence=l")
    sizes = Counter[str]()
    for line in tshark(path, *fields):
        port, size = line.split("\t")
        sizes[port] += int(size)
    return sizes


WITH_PORTS = [name for name, fault in FAULTS.items() if re.match(r"tcp|dns|http|tls", fault.tshark)]


@pytest.mark.parametrize("name", WITH_PORTS)
def test_packets_and_octets_each_way_are_tsharks(tmp_path, name):
    path = write(tmp_path / "x.pcap", FAULTS[name].frames())
    table = cnetkit.load(path).conversations.table
    assert {
        frozenset((row.client, row.server)): Counter({row.client: row.packets_sent, row.server: row.packets_received})
        for row in table.itertuples()
    }.items() <= counted_by_tshark(path).items()
    octets = Counter[str]()
    for row in table[table["protocol"] == "tcp"].itertuples():
        octets.update(
            {row.client.rpartition(":")[2]: row.octets_sent, row.server.rpartition(":")[2]: row.octets_received}
        )
    assert octets == payloads_by_tshark(path)
