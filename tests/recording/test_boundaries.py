"""Each header is read up to its last octet and not beyond: cut at every length, and with every bit of it changed."""

from __future__ import annotations

import random
import struct

import pytest
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)  # fmt: skip
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet

from cnetkit.recording.columns import decode
from tests.recording import reference
from tests.recording.links import test_links as links
from tests.recording.links.test_links import FOUR, SIX, A, B
from tests.recording.test_columns import frames_of
from tests.recording.tunnels import test_tunnels as tunnels
from tests.recording.tunnels.test_tunnels import AROUND, bridged, gtp, l2tp, udp

MAC = Ether(src=A, dst=B)
SEGMENT = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(dport=80, seq=5, ack=6, options=[("NOP", None)] * 4) / b"hello"
PACKETS: dict[str, tuple[int, Packet | bytes]] = {
    **{f"{name} {version}": (linktype, wrap(packet)) for name, (linktype, wrap) in links.FRAMES.items()
       for version, packet in ((4, FOUR), (6, SIX))},
    **{f"{name} {version}": (1, wrap(packet)) for name, (_, _, wrap) in tunnels.FRAMES.items()
       for version, packet in ((4, FOUR), (6, SIX))},
    "tcp": (1, MAC / SEGMENT),
    "tags": (1, MAC / Dot1AD(vlan=100) / Dot1Q(vlan=10) / Dot1Q(vlan=7) / FOUR),
    "arp": (1, MAC / ARP(psrc="10.0.0.1", pdst="10.0.0.2")),
    "padded": (1, bytes(MAC / FOUR) + bytes(12)),
    "a large segment": (1, MAC / IP(src="10.0.0.1", dst="10.0.0.2", len=0) / TCP() / b"hello"),
    "a fragment": (1, MAC / IP(src="10.0.0.1", dst="10.0.0.2", frag=3, flags="MF", proto=17) / bytes(16)),
    "a first fragment": (1, MAC / IP(src="10.0.0.1", dst="10.0.0.2", flags="MF") / IP() / UDP()),
    "echo": (1, MAC / IP() / ICMP(type=8, id=3, seq=4) / b"ping"),
    "echo 6": (1, MAC / IPv6() / ICMPv6EchoRequest(id=3, seq=4) / b"ping"),
    "unreachable": (1, MAC / IP() / ICMP(type=3, code=1) / SEGMENT),
    "unreachable udp": (1, MAC / IP() / ICMP(type=3, code=3) / FOUR),
    "too big": (1, MAC / IPv6() / ICMPv6PacketTooBig(mtu=1280) / SIX),
    "extensions": (1, MAC / IPv6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / AH(icv=bytes(12)) / UDP() / b"x"),
    "a fragment 6": (1, MAC / IPv6() / IPv6ExtHdrFragment(id=9, offset=3, m=1, nh=17) / bytes(16)),
    "sctp": (1, MAC / IP() / SCTP(sport=7, dport=8)),
    "cooked": (113, CookedLinux(pkttype=3, src=b"abcdef") / FOUR),
    "cooked 2": (276, CookedLinuxV2(pkttype=3, src=b"abcdef") / FOUR),
    "raw": (101, SEGMENT),
    "loopback": (0, b"\2\0\0\0" + bytes(SEGMENT)),
    "avs": (163, struct.pack(">II", 0x80211001, 64) + bytes(56) + bytes(links.FRAMES["wifi from it"][1](FOUR))),
    "gre with all fields": (
        1, AROUND / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=77, proto=0x6558) / bridged(SEGMENT)),
    "l2tp with all fields": (1, l2tp(FOUR, 0x4A02, b"\0\x28")),
    "l2tp padded": (1, udp(1701, struct.pack(">HHHH", 0x0202, 77, 5, 3) + b"abc" + links.ppp(FOUR))),
    "gtp with four extensions": (1, gtp(FOUR, 0x34, struct.pack(">HBB", 0, 0, 1) + b"\1\x10\x09\1" * 3 + b"\1\x10\x09\0")),
    "gtp with five extensions": (1, gtp(FOUR, 0x34, struct.pack(">HBB", 0, 0, 1) + b"\1\x10\x09\1" * 4 + b"\1\x10\x09\0")),
    "gtp with two extensions": (1, gtp(FOUR, 0x34, struct.pack(">HBB", 0, 0, 0x85) + b"\1\x10\x09\x85" + b"\2" + bytes(7))),
    "five deep": (1, AROUND / IP() / IP() / IP() / IP() / FOUR),
}  # fmt: skip
LINKTYPES = {name: linktype for name, (linktype, _) in PACKETS.items()}
BODIES = {name: bytes(packet) for name, (_, packet) in PACKETS.items()}


def differences(bodies: list[bytes], linktype: int) -> list[str]:
    """The first columns in which cnetkit and the reference differ, with the frame."""
    frames = frames_of(bodies, linktype)
    c = decode(frames)
    said = {name: getattr(c, name).astype(object).tolist() for name in reference.decoded(b"", 1)}
    wrong = []
    for at, body in enumerate(bodies):
        expected, start = reference.decoded(body, linktype), int(frames.start[at])
        for name, value in expected.items():
            own = said[name][at]
            inside = (
                expected["depth"] > 0 if name.startswith("outer_") else name != "transport" or expected["version"] > 0
            )
            own -= start if name in reference.PLACES and inside else 0
            if own != value:
                wrong.append(f"{name}: {own} and not {value} in {body.hex()}")
    return wrong[:3]


@pytest.mark.parametrize("name", BODIES)
def test_a_header_that_is_cut_at_any_octet_is_read_as_far_as_it_goes(name):
    whole = BODIES[name]
    assert differences([whole[:size] for size in range(len(whole) + 1)], LINKTYPES[name]) == []


@pytest.mark.parametrize("name", [name for name in BODIES if not name.endswith(" 6") or f"{name[:-2]} 4" not in BODIES])
def test_each_octet_of_a_header_counts(name):
    whole = BODIES[name][:150]
    changed = [
        whole[:at] + bytes([value]) + whole[at + 1 :]
        for at in range(len(whole))
        for value in {0, 255, whole[at] + 1 & 255, *(sign ^ 1 << bit for bit in range(8) for sign in (0, whole[at]))}
    ]
    assert differences(changed, LINKTYPES[name]) == []


@pytest.mark.parametrize("name", BODIES)
def test_a_header_that_is_changed_and_cut_is_read_as_far_as_it_goes(name):
    choice, bodies = random.Random(name), []
    for _ in range(400):
        octets = bytearray(BODIES[name][: choice.randrange(1, len(BODIES[name]) + 1)])
        for _ in range(choice.randrange(1, 4)):
            octets[choice.randrange(len(octets))] = choice.randrange(256)
        bodies.append(bytes(octets))
    assert differences(bodies, LINKTYPES[name]) == []
