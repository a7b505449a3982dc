"""What each field of a selection means, on packets of every kind: which frames it finds, and which have no such field."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
FOUR, SIX = {"src": "10.0.0.1", "dst": "10.0.0.2"}, {"src": "fd00::1", "dst": "fd00::2"}
PACKETS = {
    "tcp": Ether(**MACS) / IP(**FOUR, id=7, ttl=9, tos=4)
    / TCP(sport=5, dport=80, seq=100, ack=200, window=300, flags="PA") / b"four",
    "udp": Ether(**MACS) / IP(**FOUR, id=8) / UDP(sport=6, dport=53) / b"ask",
    "icmp": Ether(**MACS) / IP(**FOUR, id=9) / ICMP(type=8, code=0, id=11, seq=12) / b"echo",
    "tcp6": Ether(**MACS) / IPv6(**SIX, hlim=9) / TCP(sport=5, dport=80, flags="S"),
    "icmp6": Ether(**MACS) / IPv6(**SIX) / ICMPv6EchoRequest(id=11, seq=13),
    "arp": Ether(src=MACS["src"], dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="10.0.0.1", pdst="10.0.0.9"),
    "vlan": Ether(**MACS) / Dot1Q(vlan=42) / IP(src="10.0.0.7", dst="10.0.0.8", id=1) / UDP(sport=1, dport=2),
    "stacked": Ether(**MACS) / Dot1Q(vlan=43) / Dot1Q(vlan=44) / IP(src="10.0.0.7", dst="10.0.0.8", id=2) / UDP(sport=1, dport=3),
    "vxlan": Ether(**MACS) / IP(src="192.0.2.1", dst="192.0.2.2", id=3) / UDP(sport=4000, dport=4789) / VXLAN(vni=77)
    / Ether(src="02::a", dst="02::b") / IP(src="10.9.0.1", dst="10.9.0.2", id=4) / UDP(sport=1, dport=4),
    "gre": Ether(**MACS) / IP(src="192.0.2.1", dst="192.0.2.2", id=5) / GRE(key_present=1, key=88)
    / IP(src="10.9.0.1", dst="10.9.0.2", id=6) / UDP(sport=1, dport=5),
    "more": Ether(**MACS) / IP(**FOUR, id=20, flags="MF") / UDP(sport=1, dport=6, len=40) / bytes(8),
    "last": Ether(**MACS) / IP(**FOUR, id=21, frag=3, proto=17) / bytes(8),
}  # fmt: skip
NAMES = list(PACKETS)
IPV4 = {"tcp", "udp", "icmp", "vlan", "stacked", "vxlan", "gre", "more", "last"}


@pytest.fixture(scope="module")
def trace():
    return explain(
        recording_of(
            frames_of([("a/eth0", 2, (5 + at) * 10**9, bytes(item)) for at, item in enumerate(PACKETS.values())])
        )
    )


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("ip", IPV4), ("ipv6", {"tcp6", "icmp6"}), ("arp", {"arp"}), ("vlan", {"vlan", "stacked"}),
        ("ip.version == 6", {"tcp6", "icmp6"}), ("ip.version == 4", IPV4),
        ("ip.src == 10.0.0.1", {"tcp", "udp", "icmp", "more", "last"}), ("ip.src == fd00::1", {"tcp6", "icmp6"}),
        ("ip.dst == fd00::2", {"tcp6", "icmp6"}), ("ip.addr == fd00::2", {"tcp6", "icmp6"}), ("ip.dst == fd00::1", set()),
        ("ipv6.src == fd00::1", {"tcp6", "icmp6"}), ("ipv6.dst == fd00::2", {"tcp6", "icmp6"}), ("ipv6.src == fd00::2", set()),
        ("ipv6.addr == fd00::2", {"tcp6", "icmp6"}), ("ipv6.src == 10.0.0.1", set()),
        ("arp.src.proto_ipv4 == 10.0.0.1", {"arp"}), ("arp.dst.proto_ipv4 == 10.0.0.9", {"arp"}),
        ("arp.src.proto_ipv4 == 10.0.0.9", set()), ("ip.addr == 10.0.0.9", set()),
        ("ip.ttl == 9", {"tcp", "tcp6"}), ("ip.id == 7", {"tcp"}), ("ip.id == 0", set()), ("ip.dsfield == 4", {"tcp"}),
        ("ip.proto == 6", {"tcp", "tcp6"}), ("ip.proto == 58", {"icmp6"}), ("ip.len == 44", {"tcp"}),
        ("ip.frag_offset == 24", {"last"}), ("ip.flags.mf", {"more"}),
        ("tcp.seq == 100", {"tcp"}), ("tcp.ack == 200", {"tcp"}), ("tcp.len == 4", {"tcp"}),
        ("tcp.window_size_value == 300", {"tcp"}), ("tcp.flags == 24", {"tcp"}), ("tcp.flags == 2", {"tcp6"}),
        ("icmp.type == 8", {"icmp"}), ("icmp.code == 0", {"icmp"}), ("icmp.ident == 11", {"icmp"}), ("icmp.seq == 12", {"icmp"}),
        ("icmpv6.type == 128", {"icmp6"}), ("icmpv6.code == 0", {"icmp6"}), ("icmp.type == 128", set()),
        ("vlan.id == 42", {"vlan"}), ("vlan.id == 43", {"stacked"}), ("vlan.id == 44", {"stacked"}), ("vlan.id == 0", set()),
        ("vxlan.vni == 77", {"vxlan"}), ("gre.key == 88", {"gre"}), ("gre.key == 77", set()), ("geneve.vni == 77", set()),
        ("outer.ip.src == 192.0.2.1", {"vxlan", "gre"}), ("outer.ip.dst == 192.0.2.2", {"vxlan", "gre"}),
        ("outer.ip.src == 10.9.0.1", set()), ("ip.src == 10.9.0.1", {"vxlan", "gre"}), ("ip.src == 192.0.2.1", set()),
        ("tunnels == 1", {"vxlan", "gre"}), ("outer.ip.src == 0.0.0.0", set()),
        ("eth.dst == ff:ff:ff:ff:ff:ff", {"arp"}),
        ("eth.src == 02:00:00:00:00:01", set(NAMES) - {"vxlan", "gre"}), ("frame.number == 1", {"tcp"}),
        ("frame.number == 12", {"last"}),
        ("frame.time >= 11s", {"last"}), ("frame.time < 1s", {"tcp"}),
        ("frame.len == 42", {"arp", "last"}), ("direction == out", set(NAMES)),
        ("direction == in", set()),
    ],
)  # fmt: skip
def test_a_field_finds_the_frames_that_have_this_value(trace, expression, found):
    selected = trace.select(expression)
    assert {NAMES[frame] for journey in selected.journeys for frame in journey.frames} == found
