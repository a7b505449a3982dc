"""Decoding frames into columns."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from cnetkit.recording.columns import decode
from cnetkit.recording.frames import LINKTYPE_RAW, Frames, Tap
from cnetkit.recording.tunnels import TUNNELS

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def frames_of(packets, linktype=1, cut=None):
    raw = [p if isinstance(p, bytes) else bytes(p) for p in packets]
    kept = [item[:cut] for item in raw]
    sizes = np.array([len(item) for item in kept], np.int32)
    count = len(raw)
    return Frames(
        (Tap("a", "eth0", linktype),),
        np.zeros(count, np.int32),
        np.ones(count, np.uint8),
        np.arange(count),
        (np.cumsum(sizes) - sizes).astype(np.int64),
        sizes,
        np.array([len(item) for item in raw], np.int32),
        np.frombuffer(b"".join(kept), np.uint8),
    )


def tcp(ttl=64, dport=80, payload=b"hello"):
    return IP(src="10.0.0.1", dst="10.0.0.2", id=7, ttl=ttl) / TCP(sport=1000, dport=dport, seq=5, ack=6) / Raw(payload)


def test_a_tcp_packet_is_read_field_by_field():
    c = decode(frames_of([Ether(**MACS) / tcp()]))
    got = [int(x[0]) for x in (c.version, c.src_low, c.dst_low, c.ttl, c.ident, c.protocol, c.sport, c.dport, c.seq)]
    assert got == [4, 0x0A000001, 0x0A000002, 64, 7, 6, 1000, 80, 5]
    assert int(c.eth_src[0]) == 0x020000000001
    assert int(c.payload_length[0]) == 5


def test_padding_of_short_frames_is_not_payload():
    plain, padded = Ether(**MACS) / tcp(), bytes(Ether(**MACS) / tcp()) + b"\0" * 9
    digests = decode(frames_of([plain, padded])).payload_digest
    assert digests[0] == digests[1]


def test_payloads_that_differ_in_one_octet_have_different_digests():
    for size in (1, 7, 8, 9, 200):
        bodies = [bytes(size), bytes(size - 1) + b"\1"]
        item, another = decode(frames_of([Ether(**MACS) / tcp(payload=body) for body in bodies])).payload_digest
        assert item != another


def test_every_encapsulation_is_decoded():
    inner = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b") / tcp(ttl=61)
    outer = IP(src="192.0.2.1", dst="192.0.2.2", ttl=9)
    packets = [
        Ether(**MACS) / outer / UDP(dport=4789) / VXLAN(vni=42, flags="Instance") / inner,
        Ether(**MACS) / outer / UDP(dport=8472) / VXLAN(vni=42, flags="Instance") / inner,
        Ether(**MACS) / outer / GRE() / tcp(ttl=61),
        Ether(**MACS) / outer / GRE(key_present=1, key=42, proto=0x6558) / inner,
        Ether(**MACS) / outer / UDP(dport=6081) / GENEVE(vni=42) / inner,
        Ether(**MACS) / outer / tcp(ttl=61),
    ]
    c = decode(frames_of(packets))
    assert [TUNNELS[k] for k in c.tunnel] == ["vxlan", "vxlan", "gre", "gre", "geneve", "ipip"]
    assert c.depth.tolist() == [1] * 6
    assert c.vni.tolist() == [42, 42, 0, 42, 42, 0]
    assert c.ttl.tolist() == [61] * 6
    assert c.outer_ttl.tolist() == [9] * 6
    assert c.sport.tolist() == [1000] * 6
    assert len(set(c.payload_digest.tolist())) == 1


def test_two_vlan_tags_are_both_kept():
    c = decode(frames_of([Ether(**MACS) / Dot1AD(vlan=100) / Dot1Q(vlan=10) / tcp()]))
    assert (int(c.vlan[0]), int(c.dport[0])) == (100 << 12 | 10, 80)


def test_vlan_tags_are_skipped():
    c = decode(frames_of([Ether(**MACS) / Dot1Q(vlan=10) / tcp()]))
    assert (int(c.vlan[0]), int(c.dport[0])) == (10, 80)


def test_ipv6_extension_headers_are_skipped():
    ip = IPv6(src="fd00::1", dst="fd00::2", hlim=5)
    c = decode(frames_of([
        Ether(**MACS) / ip / IPv6ExtHdrHopByHop() / UDP(sport=1, dport=2) / b"x",
        Ether(**MACS) / ip / IPv6ExtHdrFragment(id=9, offset=3, m=1, nh=17) / Raw(b"x" * 16),
    ]))  # fmt: skip
    assert (int(c.dport[0]), int(c.src_low[0]), int(c.src_high[0] >> np.uint64(56))) == (2, 1, 0xFD)
    assert (int(c.fragment[1]), bool(c.more[1]), int(c.ident[1]), int(c.dport[1])) == (24, True, 9, 0)


def test_an_arp_packet_has_its_senders_and_targets_address():
    c = decode(frames_of([Ether(**MACS) / ARP(psrc="10.0.0.1", pdst="10.0.0.2")]))
    assert (int(c.version[0]), int(c.src_low[0]), int(c.dst_low[0])) == (0, 0x0A000001, 0x0A000002)


def test_an_icmp_error_does_not_digest_what_nat_rewrites_in_it():
    error = IP(src="10.0.0.9", dst="10.0.0.1", id=3) / ICMP(type=3, code=1)
    c = decode(frames_of([Ether(**MACS) / error / tcp(dport=port) for port in (80, 8080)]))
    assert c.payload_digest[0] == c.payload_digest[1]
    assert c.icmp_id.tolist() == [7, 7]


def test_raw_ip_frames_need_no_ethernet_header():
    assert int(decode(frames_of([tcp()], LINKTYPE_RAW)).dport[0]) == 80


def test_truncated_frames_are_digested_as_far_as_all_of_them_reach():
    packets = [Ether(**MACS) / tcp(payload=b"x" * 90), Ether(**MACS) / tcp(payload=b"x" * 90)]
    cut = decode(frames_of(packets, cut=60))
    assert cut.payload_digest[0] == cut.payload_digest[1]
    assert cut.length.tolist() == [130, 130]


@given(st.lists(st.binary(max_size=120), max_size=20), st.sampled_from([1, 101, 113, 276, 228]))
def test_no_bytes_make_it_raise(packets, linktype):
    assert len(decode(frames_of(packets, linktype))) == len(packets)


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=6))
def test_no_damage_to_a_tunnelled_packet_makes_it_raise(damages):
    inner = Ether(**MACS) / tcp()
    raw = bytearray(bytes(Ether(**MACS) / IP() / UDP(dport=4789) / VXLAN(vni=1, flags="Instance") / inner))
    for place, value in damages:
        raw[place % len(raw)] = value
    assert len(decode(frames_of([bytes(raw)]))) == 1


@pytest.mark.parametrize(
    ("linktype", "before"),
    [
        (101, b""),
        (12, b""),
        (14, b""),
        (228, b""),
        (229, b""),
        (0, b"\x02\0\0\0"),
        (0, b"\0\0\0\x02"),
        (108, b"\0\0\0\x02"),
    ],
)
def test_frames_without_ethernet_are_the_same_packets(linktype, before):
    result, whole = decode(frames_of([before + bytes(tcp())], linktype)), decode(frames_of([Ether() / tcp()]))
    names = ("problem", "version", "src_low", "dst_low", "sport", "dport", "seq", "payload_length", "payload_digest")
    assert [getattr(result, name)[0] for name in names] == [getattr(whole, name)[0] for name in names]


@pytest.mark.parametrize("linktype", [0, 1, 101, 108, 113, 276])
def test_an_empty_frame_is_too_short(linktype):
    assert decode(frames_of([b""], linktype)).problem.tolist() == [1]


@given(st.integers(20, 80), st.integers(20, 80))
def test_a_packet_truncated_twice_is_matched_by_the_common_part(one, other):
    both = [bytes(Ether(**MACS) / tcp(payload=bytes(range(60)))) for _ in range(2)]
    result = decode(cut_frames(both, [14 + 20 + one, 14 + 20 + other]))
    assert result.payload_digest[0] == result.payload_digest[1]
    assert (result.payload_length + result.cut).tolist() == [60, 60]


def test_truncated_frames_do_not_change_the_digests_of_other_packets():
    packets = [bytes(Ether(**MACS) / tcp(payload=bytes([n]) * (40 + n))) for n in range(3)]
    result = decode(cut_frames(packets, [14 + 40, 200, 200]))
    assert result.payload_digest[1:].tolist() == decode(frames_of(packets)).payload_digest[1:].tolist()


def cut_frames(packets, limits):
    whole = frames_of(packets)
    captured = np.minimum(whole.captured, np.array(limits, np.int32))
    return replace(whole, captured=captured)


def test_the_traffic_class_and_the_offset_of_a_fragment_are_read():
    """IPv4 counts fragments in units of eight octets (RFC 791); IPv6 has the class between version and flow label (RFC 8200)."""
    four = Ether() / IP(src="10.0.0.1", dst="10.0.0.2", tos=0xB9, frag=3, flags="MF", proto=17) / bytes(8)
    six = Ether() / IPv6(src="fd00::1", dst="fd00::2", tc=0xB9, fl=0xFFFFF) / UDP()
    c = decode(frames_of([four, six]))
    assert c.tos.tolist() == [0xB9, 0xB9]
    assert (c.fragment.tolist(), c.more.tolist()) == ([24, 0], [True, False])
