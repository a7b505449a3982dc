"""Old capture formats are read as tshark reads them; reading stops at damage with a sentence."""

from __future__ import annotations

import struct
import subprocess

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import CnetkitError
from cnetkit.recording.columns import decode
from cnetkit.recording.recording import load, load_all
from cnetkit.trace.packets.packet import protocol_of
from tests.recording.judge import by_cnetkit, by_tshark, pcap

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
def test_packets_and_times_agree_with_tshark(tmp_path, data):
    path = tmp_path / "old.cap"
    path.write_bytes(data)
    assert by_cnetkit(path) == by_tshark(path)
    times = subprocess.run(
        ["tshark", "-r", path, "-T", "fields", "-e", "frame.time_epoch"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [f"{item / 1e9:.9f}" for item in load(path).frames.time_ns.tolist()] == [
        f"{float(item):.9f}" for item in times
    ]


def test_a_modified_file_says_interface_and_direction_of_each_packet(tmp_path):
    path = tmp_path / "old.cap"
    path.write_bytes(modified())
    frames = load(path).frames
    assert [frames.taps[at].interface for at in frames.tap] == ["if3", "if2"] * 3 + ["if3"]
    assert frames.direction.tolist() == [2, 1] * 3 + [2]


def test_a_modified_file_may_end_with_an_empty_packet(tmp_path):
    path = tmp_path / "old.cap"
    path.write_bytes(modified() + struct.pack("<IIIIIHBB", 99, 0, 0, 60, 2, 0x800, 0, 0))
    recording = load(path)
    assert (recording.frames.captured[-1], recording.frames.length[-1], recording.warnings) == (0, 60, ())


@pytest.mark.parametrize(("kind", "linktype"), [(0, 1), (1, 147), (2, 6), (4, 1), (8, 10), (26, 1), (99, 147)])
def test_snoops_kinds_of_link_are_those_of_pcap(tmp_path, kind, linktype):
    """RFC 1761 and snoop(4); 147 is DLT_USER0, of which nothing is decoded."""
    path = tmp_path / "old.cap"
    path.write_bytes(snoop()[:12] + struct.pack(">I", kind) + snoop()[16:])
    assert [tap.linktype for tap in load(path).frames.taps] == [linktype]


def test_packets_dropped_by_snoop_are_counted_as_lost(tmp_path):
    path = tmp_path / "old.cap"
    path.write_bytes(snoop(drops=7))
    assert [(item.what, item.count) for item in load(path).losses] == [("frames", 7)]


@pytest.mark.parametrize("data", [snoop(), modified()], ids=["snoop", "modified"])
def test_a_truncated_file_keeps_its_complete_packets_and_says_so(tmp_path, data):
    path = tmp_path / "old.cap"
    path.write_bytes(data[:-5])
    recording = load(path)
    assert len(recording.frames) == len(PACKETS) - 1
    assert "truncated" in recording.warnings[0]


def test_an_empty_file_is_called_empty(tmp_path):
    path = tmp_path / "none.pcap"
    path.write_bytes(b"")
    with pytest.raises(CnetkitError, match="is empty"):
        load(path)


def block(kind, body):
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def option(code, body):
    return struct.pack("<HH", code, len(body)) + body + bytes(-len(body) % 4)


def foreign(names, comments):
    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += b"".join(block(1, struct.pack("<HHI", 1, 0, 0) + option(2, name) + option(0, b"")) for name in names)
    for at, texts in enumerate(comments):
        packet = PACKETS[at]
        words = b"".join(option(1, text) for text in texts)
        body = (
            struct.pack("<IIIII", at % len(names), 0, 10**6 + at, len(packet), len(packet))
            + packet
            + bytes(-len(packet) % 4)
        )
        out += block(6, body + words + option(0, b""))
    return out


def test_comments_of_another_tool_are_kept_besides_our_own(tmp_path):
    path = tmp_path / "in.pcapng"
    path.write_bytes(foreign([b"eth0"], [[b"PID: 7", b"Cmd: curl"], [], ["ümlaut".encode()]]))
    recording = load(path)
    assert dict(recording.frames.comments) == {0: "PID: 7\nCmd: curl", 2: "ümlaut"}
    recording.save(tmp_path / "out.pcapng", {0: "ours"})
    assert load(tmp_path / "out.pcapng").frames == recording.frames
    assert dict(load(tmp_path / "out.pcapng").frames.comments) == dict(recording.frames.comments)
    assert recording.frames.take(np.array([2, 0])).comments == {0: "ümlaut", 1: "PID: 7\nCmd: curl"}


def test_comments_stay_with_their_frames_if_files_are_merged(tmp_path):
    for name, second in (("a", 5), ("b", 2)):
        data = foreign([b"eth0"], [[name.encode()]])
        (tmp_path / f"{name}.pcapng").write_bytes(
            data.replace(struct.pack("<I", 10**6), struct.pack("<I", second * 10**6))
        )
    both = load_all([str(tmp_path / "a.pcapng"), str(tmp_path / "b.pcapng")])
    assert dict(both.frames.comments) == {0: "b", 1: "a"}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (b"web/eth0", ("web", "eth0")),
        (b"raw_tracepoint/net:net_dev_start_xmit", ("x", "raw_tracepoint/net:net_dev_start_xmit")),
        (b"kprobe/tcp_v4_rcv", ("x", "kprobe/tcp_v4_rcv")),
        (b"/dev/ttyUSB0", ("x", "/dev/ttyUSB0")),
        (b"eth0", ("x", "eth0")),
    ],
)
def test_a_name_with_a_slash_names_a_node_only_if_it_fits(tmp_path, name, place):
    (tmp_path / "x.pcapng").write_bytes(foreign([name], [[]]))
    recording = load(tmp_path / "x.pcapng")
    assert [(tap.node, tap.interface) for tap in recording.frames.taps] == [place]
    recording.save(tmp_path / "y.pcapng")
    assert load(tmp_path / "y.pcapng").frames.taps == recording.frames.taps


def test_cooked_frames_for_another_host_or_without_ethernet_are_recognised(tmp_path):
    def cooked(kind, protocol):
        return struct.pack(">HHH8sH", kind, 1, 6, bytes(8), protocol) + bytes(20)

    path = tmp_path / "any.pcap"
    path.write_bytes(pcap([cooked(3, 0x0800), cooked(0, 0x0800), cooked(0, 0x000C), cooked(0, 0x0004)], 113))
    c = decode(load(path).frames)
    assert c.for_other.tolist() == [True, False, False, False]
    assert [protocol_of(c, n) for n in (2, 3)] == ["can", "llc"]
