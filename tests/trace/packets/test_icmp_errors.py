"""What an ICMP error quotes is read up to its last octet; checksums are left out, because the card may compute them later."""

from types import SimpleNamespace

import numpy as np
import pytest
from scapy.layers import inet
from scapy.layers.inet import IP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6
from scapy.layers.l2 import Ether
from scapy.layers.sctp import SCTP

from cnetkit.recording.columns import decode
from cnetkit.recording.frames import Frames
from cnetkit.recording.protocols import ICMP, ICMPV6, TCP, UDP
from cnetkit.trace.packets import icmp_errors
from cnetkit.trace.packets.icmp_errors import Quoted, heads, without_checksum
from tests.recording.test_columns import frames_of

HEAD = 0x1122334455667788


@pytest.mark.parametrize(
    ("protocol", "left"),
    [(UDP, 0x1122334455660000), (ICMP, 0x1122000055667788), (ICMPV6, 0x1122000055667788), (TCP, HEAD), (132, HEAD)],
)
@pytest.mark.parametrize("last", [0, 1])
def test_only_the_checksum_is_left_out(protocol, left, last):
    """UDP has it in octets 6 and 7, ICMP in 2 and 3, TCP beyond the first eight (RFC 768, RFC 792, RFC 9293)."""
    head, expected = HEAD | last, left | (last if left & 0xFF else 0)
    assert int(without_checksum(np.array([head], np.uint64), np.array([protocol], np.uint8))[0]) == expected


def of_frames(frames: Frames):
    return SimpleNamespace(data=frames.data, columns=decode(frames))


MAC, FOUR = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02"), IP(src="10.0.0.1", dst="10.0.0.2", id=7)
SIX = IPv6(src="fd00::1:0:0:0:1", dst="fd00::2:0:0:0:2")
QUOTED = [
    FOUR / inet.TCP(sport=258, dport=772, seq=0x05060708), FOUR / inet.UDP(sport=258, dport=772),
    FOUR / SCTP(sport=258, dport=772), FOUR / inet.ICMP(type=8, id=0x0102, seq=3),
    IP(src="10.0.0.1", dst="10.0.0.2", proto=89) / b"12345678",
    SIX / inet.TCP(sport=258, dport=772, seq=0x05060708), SIX / inet.UDP(sport=258, dport=772),
    SIX / ICMPv6EchoRequest(id=258, seq=3),
]  # fmt: skip


def quoted(packet: bytes) -> dict[str, object]:
    """The fields of a quoted packet; octets that were not captured are 0."""
    packet += bytes(200)
    four = packet[0] >> 4 == 4
    protocol, header = (packet[9], (packet[0] & 15) * 4) if four else (packet[6], 40)
    begin, size = (12, 4) if four else (8, 16)
    source, target = (int.from_bytes(packet[at : at + size], "big") for at in (begin, begin + size))
    head = bytearray(packet[header : header + 8])
    for at in {17: (6, 7), 136: (6, 7), 1: (2, 3), 58: (2, 3)}.get(protocol, ()):
        head[at] = 0
    ports = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:4], "big")
    number = int.from_bytes(head[4:6], "big")
    sport, dport = ports if protocol in (6, 17, 132) else (number, number) if protocol in (1, 58) else (0, 0)
    return {"version": 4 if four else 6, "protocol": protocol, "source": source, "target": target,
            "head": int.from_bytes(head, "big"), "sport": sport, "dport": dport, "readable": source > 0}  # fmt: skip


@pytest.mark.parametrize("packet", QUOTED, ids=[repr(packet.summary()) for packet in QUOTED])
def test_a_quoted_packet_is_read_as_far_as_it_was_captured_and_each_of_its_octets_counts(packet):
    octets = bytes(packet)[:60]
    versions = [octets[:size] for size in range(len(octets) + 1)]
    versions += [
        octets[:at] + bytes([octets[at] ^ 1 << bit]) + octets[at + 1 :] for at in range(len(octets)) for bit in range(8)
    ]
    versions += [octets[:at] + bytes([value]) + octets[at + 1 :] for at in (0, 6, 9) for value in range(256)]
    four = IP(src="10.0.0.9", dst="10.0.0.1", len=1500) / inet.ICMP(type=3, code=3)
    around = bytes(
        MAC / (four if IP in packet else IPv6(src="fd00::9", dst="fd00::1", plen=1400) / ICMPv6PacketTooBig())
    )
    units = of_frames(frames_of([around + version for version in versions]))
    result = Quoted(units, np.arange(len(versions)))
    for at, version in enumerate(versions):
        own = {
            name: int(getattr(result, name)[at])
            for name in ("version", "protocol", "head", "sport", "dport", "readable")
        }
        for name in ("source", "target"):
            high, low = getattr(result, name)
            own[name] = int(high[at]) << 64 | int(low[at])
        assert own == quoted(version), version.hex()


def test_both_directions_of_a_quoted_connection_are_the_same_and_others_are_not():
    one, two, three = "10.0.0.1", "10.0.0.2", "10.0.0.3"
    ends = [(one, two, 1, 2), (two, one, 2, 1), (one, two, 2, 1), (one, three, 1, 2)]
    error = MAC / FOUR / inet.ICMP(type=3)
    packets = [error / IP(src=a, dst=b) / inet.UDP(sport=c, dport=d) for a, b, c, d in ends]
    packets.append(error / IP(src=one, dst=two) / inet.TCP(sport=1, dport=2))
    first, back, *others = Quoted(of_frames(frames_of(packets)), np.arange(5)).either_way().tolist()
    assert first == back
    assert first not in others


def test_the_head_of_a_packet_is_its_first_eight_octets_without_a_checksum():
    packets = [MAC / packet for packet in QUOTED]
    frames = frames_of(packets)
    expected = [quoted(bytes(packet))["head"] for packet in QUOTED]
    assert heads(of_frames(frames), np.arange(len(packets))).tolist() == expected
    short = frames_of(packets[:1], cut=14 + 20 + 5)
    assert heads(of_frames(short), np.arange(1)).tolist() == [0x0102030405000000]


def test_errors_are_the_types_that_quote_and_refusals_those_that_stop_a_packet():
    kinds = [(protocol, kind, fragment) for protocol in (1, 58, 17) for kind in range(16) for fragment in (0, 8)]
    protocol, kind, fragment = (np.array(column) for column in zip(*kinds, strict=True))
    columns = SimpleNamespace(protocol=protocol, icmp_type=kind, fragment=fragment)
    quoting, stopping = {1: (3, 4, 5, 11, 12), 58: (1, 2, 3, 4)}, {1: (3, 11, 12), 58: (1, 2, 3, 4)}
    assert icmp_errors.errors(columns).tolist() == [k in quoting.get(p, ()) and f == 0 for p, k, f in kinds]
    assert icmp_errors.refusals(columns).tolist() == [k in stopping.get(p, ()) and f == 0 for p, k, f in kinds]
    assert [icmp_errors.is_error(columns, at) for at in range(len(kinds))] == icmp_errors.errors(columns).tolist()
