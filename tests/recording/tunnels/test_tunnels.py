"""Each tunnel leads to the packet that tshark finds inside, with the tunnel's number, and no bytes raise."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import GRE, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from cnetkit.recording.columns import decode
from cnetkit.recording.tunnels import READERS, TUNNELS
from tests.recording.judge import by_cnetkit, by_tshark, pcap
from tests.recording.links.test_links import FOUR, SIX, A, B, ppp
from tests.recording.test_columns import frames_of

AROUND = Ether(src=A, dst=B) / IP(src="192.0.2.1", dst="192.0.2.2")


def bridged(packet):
    return Ether(src=B, dst=A) / packet


def udp(port, body):
    return AROUND / UDP(sport=40000, dport=port, chksum=0) / Raw(body)


def gtp(packet, flags=0x30, more=b""):
    body = more + bytes(packet)
    return udp(2152, struct.pack(">BBHI", flags, 255, len(body), 77) + body)


def l2tp(packet, flags=0x0002, fields=b""):
    return udp(1701, struct.pack(">H", flags) + fields + struct.pack(">HH", 77, 5) + ppp(packet))


FRAMES = {
    "vxlan": ("vxlan", 77, lambda p: AROUND / UDP(sport=40000, dport=4789) / VXLAN(vni=77, flags=8) / bridged(p)),
    "geneve": ("geneve", 77, lambda p: AROUND / UDP(sport=40000, dport=6081) / GENEVE(vni=77, proto=0x6558) / bridged(p)),
    "gre": ("gre", 77, lambda p: AROUND / GRE(key_present=1, key=77) / p),
    "ipip": ("ipip", 0, lambda p: AROUND / p),
    "erspan I": ("erspan", 0, lambda p: AROUND / GRE(proto=0x88BE) / Raw(bytes(bridged(p)))),
    "erspan II": (
        "erspan", 77,
        lambda p: AROUND / GRE(proto=0x88BE, seqnum_present=1, sequence_number=1)
        / Raw(struct.pack(">HHI", 0x1001, 77, 0) + bytes(bridged(p)))),
    "erspan III": (
        "erspan", 77,
        lambda p: AROUND / GRE(proto=0x22EB, seqnum_present=1, sequence_number=1)
        / Raw(struct.pack(">HHIHH", 0x2001, 77, 0, 0, 0) + bytes(bridged(p)))),
    "gtp": ("gtp", 77, gtp),
    "gtp numbered": ("gtp", 77, lambda p: gtp(p, 0x32, struct.pack(">HBB", 9, 0, 0))),
    "gtp extended": ("gtp", 77, lambda p: gtp(p, 0x34, struct.pack(">HBB", 0, 0, 0x85) + b"\1\x10\x09\0")),
    "l2tp": ("l2tp", 77, l2tp),
}  # fmt: skip


def test_each_tunnel_is_tried():
    assert {kind for kind, _, _ in FRAMES.values()} == set(TUNNELS[1:]) == {item.NAME for item in READERS}


@pytest.mark.parametrize("name", FRAMES)
def test_the_packet_inside_is_the_one_that_tshark_finds(tmp_path, name):
    kind, vni, wrap = FRAMES[name]
    path = tmp_path / "x.pcap"
    frames = [bytes(wrap(FOUR)), bytes(wrap(SIX))]
    path.write_bytes(pcap(frames, 1))
    truth = by_tshark(path)
    assert truth[0][:2] == ("10.0.0.1", "10.0.0.2")
    assert truth[1][:2] == ("fd00::1", "fd00::2")
    assert [row[:2] for row in by_cnetkit(path)] == [row[:2] for row in truth]
    c = decode(frames_of(frames))
    assert [TUNNELS[number] for number in c.tunnel] == [kind, kind]
    assert c.vni.tolist() == [vni, vni]
    assert c.dport.tolist() == [53, 80]
    assert c.depth.tolist() == [1, 1]


@pytest.mark.parametrize(
    "body",
    [struct.pack(">BBHI", 0x30, 1, 4, 77) + bytes(60), struct.pack(">BBHI", 0x30, 255, 60, 77) + bytes(60), bytes(70)],
)
def test_a_gtp_message_that_carries_no_ip_is_left_as_udp(body):
    assert decode(frames_of([udp(2152, body)])).depth.tolist() == [0]


def test_an_l2tp_control_message_is_left_as_udp():
    assert decode(
        frames_of([udp(1701, struct.pack(">HHHHHH", 0xC802, 20, 1, 0, 0, 0) + bytes(20))])
    ).depth.tolist() == [0]


@pytest.mark.parametrize("name", FRAMES)
@given(cut=st.integers(0, 160), flip=st.tuples(st.integers(34, 120), st.integers(0, 255)))
def test_a_frame_that_was_cut_or_damaged_anywhere_raises_nothing(name, cut, flip):
    damaged = bytearray(bytes(FRAMES[name][2](SIX)))
    if flip[0] < len(damaged):
        damaged[flip[0]] = flip[1]
    frames = frames_of([bytes(damaged)], 1, cut)
    c = decode(frames)
    assert (c.network <= frames.start + frames.captured).all()


@pytest.mark.parametrize(("size", "depth"), [(13, 0), (14, 1), (15, 1)])
def test_a_vxlan_frame_needs_a_whole_ethernet_header(size, depth):
    body = bytes(VXLAN(vni=7, flags=8)) + bytes(bridged(FOUR))[:size]
    assert decode(frames_of([udp(4789, body)])).depth.tolist() == [depth]


def test_ipv6_may_be_the_outer_packet_too():
    inside = (
        Ether(src=A, dst=B)
        / IPv6(src="fd01::1", dst="fd01::2")
        / UDP(dport=4789)
        / VXLAN(vni=9, flags=8)
        / bridged(FOUR)
    )
    c = decode(frames_of([inside]))
    assert (c.vni.tolist(), c.dport.tolist()) == ([9], [53])


@pytest.mark.parametrize(
    ("flags", "tunnel"), [(0x2000, "gre"), (0x3081, ""), (0x2001, ""), (0x6000, ""), (0x2700, "gre")]
)
def test_gre_of_another_version_or_with_routing_is_left_alone(flags, tunnel):
    """As Linux leaves it (gre_parse_header): version 1 is PPTP's, with PPP inside (RFC 2637); the recursion bits are ignored."""
    head = struct.pack(">HHI", flags, 0x0800, 77)
    c = decode(
        frames_of([Ether(src=A, dst=B) / IP(src="192.0.2.1", dst="192.0.2.2", proto=47) / Raw(head + bytes(FOUR))])
    )
    assert TUNNELS[int(c.tunnel[0])] == tunnel
