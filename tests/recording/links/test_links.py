"""Each link type that is decoded leads to the packet that tshark finds behind it, and no bytes raise."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scapy.contrib.mpls import MPLS
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import LLC, SNAP, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE

from cnetkit.recording.columns import decode, problem
from cnetkit.recording.links import LINKS
from tests.recording.judge import by_cnetkit, by_tshark, pcap
from tests.recording.test_columns import frames_of

FOUR = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1000, dport=53) / b"question"
SIX = IPv6(src="fd00::1", dst="fd00::2") / TCP(sport=1001, dport=80)
A, B, C = "02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0c"


def behind_snap(packet):
    return LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x86DD if IPv6 in packet else 0x0800) / packet


def ppp(packet):
    return struct.pack(">H", 0x57 if IPv6 in packet else 0x21) + bytes(packet)


def field(kind, value):
    return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def nflog(packet):
    fields = field(1, b"\x08\x00\x01\x00") + field(10, b"dropped: \0") + field(9, bytes(packet))
    return bytes([10 if IPv6 in packet else 2, 0]) + b"\0\5" + fields


FRAMES = {
    "mpls": (1, lambda p: Ether(src=A, dst=B, type=0x8847) / MPLS(label=16, s=0) / MPLS(label=17, s=1) / p),
    "mpls in vlan": (1, lambda p: Ether(src=A, dst=B) / Dot1Q(vlan=5, type=0x8847) / MPLS(label=16, s=1) / p),
    "pppoe": (1, lambda p: Ether(src=A, dst=B, type=0x8864) / PPPoE(sessionid=7, len=2 + len(p)) / ppp(p)),
    "ppp": (9, ppp),
    "ppp framed": (9, lambda p: b"\xff\x03" + ppp(p)),
    "ppp compressed": (9, lambda p: ppp(p)[1:]),
    "ppp in hdlc": (50, lambda p: b"\xff\x03" + ppp(p)),
    "pppoe alone": (51, lambda p: bytes(PPPoE(sessionid=7, len=2 + len(p))) + ppp(p)),
    "ppp with direction": (204, lambda p: b"\1" + b"\xff\x03" + ppp(p)),
    "cisco": (104, lambda p: b"\x0f\0" + (b"\x86\xdd" if IPv6 in p else b"\x08\0") + bytes(p)),
    "nflog": (239, nflog),
    "wifi to the access point": (105, lambda p: Dot11(type=2, FCfield=1, addr1=C, addr2=A, addr3=B) / behind_snap(p)),
    "wifi from it": (105, lambda p: Dot11(type=2, FCfield=2, addr1=B, addr2=C, addr3=A) / behind_snap(p)),
    "wifi between two": (105, lambda p: Dot11(type=2, FCfield=3, addr1=C, addr2=C, addr3=B, addr4=A) / behind_snap(p)),
    "wifi with priorities": (
        105, lambda p: Dot11(type=2, subtype=8, FCfield=1, addr1=C, addr2=A, addr3=B) / Dot11QoS() / behind_snap(p)),
    "radiotap": (
        127, lambda p: RadioTap() / Dot11(type=2, FCfield=1, addr1=C, addr2=A, addr3=B) / behind_snap(p)),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_the_packet_is_the_one_that_tshark_finds(tmp_path, name):
    linktype, wrap = FRAMES[name]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([bytes(wrap(FOUR)), bytes(wrap(SIX))], linktype))
    truth = by_tshark(path)
    assert truth == [("10.0.0.1", "10.0.0.2", "1000", "53"), ("fd00::1", "fd00::2", "1001", "80")]
    assert by_cnetkit(path) == truth


@pytest.mark.parametrize("name", [name for name in FRAMES if name.startswith(("wifi", "radiotap"))])
def test_of_wifi_the_ends_of_the_frame_are_read_whatever_the_way(name):
    linktype, wrap = FRAMES[name]
    c = decode(frames_of([wrap(FOUR)], linktype))
    assert (int(c.eth_src[0]), int(c.eth_dst[0])) == (0x02000000000A, 0x02000000000B)


def test_an_encrypted_wifi_frame_is_left_as_payload():
    c = decode(frames_of([Dot11(type=2, FCfield=0x41, addr1=C, addr2=A, addr3=B) / behind_snap(FOUR)], 105))
    assert (int(c.version[0]), int(c.problem[0]), int(c.eth_src[0])) == (0, 0, 0x02000000000A)


def test_a_link_type_that_is_not_decoded_is_named_by_number_and_name():
    frames = frames_of([b"anything"], 189)
    assert problem(frames, decode(frames), 0) == "link type 189 (USB_LINUX) is not decoded"
    frames = frames_of([b"anything"], 4711)
    assert problem(frames, decode(frames), 0) == "link type 4711 is not decoded"


@given(st.sampled_from(sorted(LINKS)), st.lists(st.binary(max_size=96), min_size=1, max_size=8))
def test_no_bytes_raise(linktype, packets):
    frames = frames_of(packets, linktype)
    c = decode(frames)
    ends = frames.start + frames.captured
    assert ((c.network >= frames.start) & (c.network <= ends)).all()
    assert (c.payload.astype(np.int64) + c.payload_length <= ends).all()


@pytest.mark.parametrize(
    ("linktype", "head"),
    [
        (9, b"\xc0\x21"),
        (104, b"\x0f\0\x20\0"),
        (51, bytes(PPPoE(sessionid=7, len=2)) + b"\xc0\x21"),
    ],
)
def test_a_frame_that_is_nothing_but_its_header_is_no_problem_and_one_octet_less_is(linktype, head):
    c = decode(frames_of([head, head[:-1]], linktype))
    assert c.problem.astype(bool).tolist() == [False, True]


@pytest.mark.parametrize("name", FRAMES)
@given(cut=st.integers(0, 120))
def test_a_frame_that_was_cut_anywhere_raises_nothing(name, cut):
    linktype, wrap = FRAMES[name]
    frames = frames_of([wrap(FOUR), wrap(SIX)], linktype, cut)
    c = decode(frames)
    assert (c.network <= frames.start + frames.captured).all()


def test_ppp_that_carries_no_ip_is_counted_as_ppp():
    assert int(decode(frames_of([PPP(proto=0xC021) / b"\1\1\0\4"], 9)).ethertype[0]) == 0x880B


@pytest.mark.parametrize(
    ("kinds", "head"),
    [((101, 12, 14, 228), b""), ((0, 108), b"\2\0\0\0"), ((9, 50), b"\xff\x03\0\x21"), ((204,), b"\0\xff\x03\0\x21")],
)  # fmt: skip
def test_kinds_of_link_that_differ_in_their_number_only_are_read_alike(kinds, head):
    """https://www.tcpdump.org/linktypes.html; 12 and 14 are what some systems write for 101."""
    for kind in kinds:
        columns = decode(frames_of([head + bytes(FOUR)], kind))
        assert (columns.version[0], columns.dport[0]) == (4, 53), kind
    assert decode(frames_of([bytes(SIX)], 229)).dport[0] == 80
