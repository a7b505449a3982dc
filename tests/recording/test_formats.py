"""Old capture formats are read as tshark reads them; damage ends the reading with a sentence."""

from __future__ import annotations

import struct
import subprocess

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import CnetkitError
from cnetkit.recording.recording import load
from tests.recording.judge import by_cnetkit, by_tshark

PACKETS = [
    bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst=f"10.0.0.{n}")
          / UDP(sport=1000 + n, dport=53) / bytes(n)) for n in range(2, 9)
]  # fmt: skip


def snoop(drops=0):
    out = b"snoop\0\0\0" + struct.pack(">II", 2, 4)
    for at, packet in enumerate(PACKETS, 1):
        padded = packet + bytes(-len(packet) % 4)
        out += struct.pack(">IIIIII", len(packet), len(packet), 24 + len(padded), drops, at, 500) + padded
    return out


def modified(order="<"):
    out = struct.pack(order + "IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
    for at, packet in enumerate(PACKETS, 1):
        kind = 4 if at % 2 else 0
        out += struct.pack(order + "IIIIIHBB", at, 500, len(packet), len(packet), 2 + at % 2, 0x800, kind, 0) + packet
    return out


@pytest.mark.parametrize(
    "data", [snoop(), modified(), modified(">")], ids=["snoop", "modified", "modified, big endian"]
)
def test_the_packets_and_their_times_are_those_that_tshark_reads(tmp_path, data):
    path = tmp_path / "old.cap"
    path.write_bytes(data)
    assert by_cnetkit(path) == by_tshark(path)
    times = subprocess.run(
        ["tshark", "-r", path, "-T", "fields", "-e", "frame.time_epoch"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [f"{one / 1e9:.9f}" for one in load(path).frames.time_ns.tolist()] == [f"{float(one):.9f}" for one in times]


def test_a_modified_file_says_interface_and_direction_of_each_packet(tmp_path):
    path = tmp_path / "old.cap"
    path.write_bytes(modified())
    frames = load(path).frames
    assert [frames.taps[at].interface for at in frames.tap] == ["if3", "if2"] * 3 + ["if3"]
    assert frames.direction.tolist() == [2, 1] * 3 + [2]


def test_what_snoop_dropped_is_counted_as_lost(tmp_path):
    path = tmp_path / "old.cap"
    path.write_bytes(snoop(drops=7))
    assert [(one.what, one.count) for one in load(path).losses] == [("frames", 7)]


@pytest.mark.parametrize("data", [snoop(), modified()], ids=["snoop", "modified"])
def test_a_file_that_was_cut_short_keeps_its_whole_packets_and_says_so(tmp_path, data):
    path = tmp_path / "old.cap"
    path.write_bytes(data[:-5])
    recording = load(path)
    assert len(recording.frames) == len(PACKETS) - 1
    assert "cut short" in recording.warnings[0]


def test_an_empty_file_is_called_empty(tmp_path):
    path = tmp_path / "none.pcap"
    path.write_bytes(b"")
    with pytest.raises(CnetkitError, match="is empty"):
        load(path)
