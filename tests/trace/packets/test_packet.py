"""Packets as text."""

import socket
import subprocess
from types import SimpleNamespace

import pytest
from scapy.layers import inet6

from cnetkit.trace.packets.packet import (
    ETHERTYPES,
    ICMP_NAMES,
    ICMPV6_NAMES,
    LINUX,
    PROTOCOLS,
    address,
    encapsulation,
    error_name,
    mac,
    outer_ends,
    protocol_of,
)  # fmt: skip
from cnetkit.trace.steps import nat
from tests.recording.judge import pcap


def test_addresses_are_written_as_people_write_them():
    assert mac(0x0242AC110002) == "02:42:ac:11:00:02"
    assert address(4, 0, 0xAC110002) == "172.17.0.2"
    assert address(6, 0xFD00001700000000, 2) == "fd00:17::2"


def test_icmp_errors_are_named_by_version_type_and_code():
    assert error_name(4, 3, 3) == "port unreachable"
    assert error_name(6, 1, 4) == "port unreachable"
    assert error_name(4, 3, 15) == "destination unreachable, code 15"


@pytest.mark.parametrize(
    ("version", "kind", "code", "name"),
    [
        (4, 3, 0, "network unreachable"), (4, 3, 1, "host unreachable"), (4, 3, 2, "protocol unreachable"),
        (4, 3, 4, "fragmentation needed"), (4, 3, 9, "network administratively prohibited"),
        (4, 3, 10, "host administratively prohibited"), (4, 3, 13, "communication administratively prohibited"),
        (4, 11, 0, "time to live exceeded in transit"), (4, 11, 1, "fragment reassembly time exceeded"),
        (6, 1, 0, "no route to destination"), (6, 1, 1, "communication administratively prohibited"),
        (6, 1, 3, "address unreachable"), (6, 2, 0, "packet too big"), (6, 3, 0, "hop limit exceeded in transit"),
        (6, 3, 1, "fragment reassembly time exceeded"),
    ],
)  # fmt: skip
def test_each_error_has_its_name_of_rfc_792_1812_or_4443(version, kind, code, name):
    assert error_name(version, kind, code) == name


def test_icmp_messages_have_the_numbers_that_scapy_gives_them():
    four = {0: "echo reply", 8: "echo request", 3: "destination unreachable", 5: "redirect", 11: "time exceeded"}
    assert four == ICMP_NAMES
    classes = {
        inet6.ICMPv6EchoRequest: "echo request", inet6.ICMPv6EchoReply: "echo reply",
        inet6.ICMPv6DestUnreach: "destination unreachable", inet6.ICMPv6PacketTooBig: "packet too big",
        inet6.ICMPv6TimeExceeded: "time exceeded", inet6.ICMPv6ND_RS: "router solicitation",
        inet6.ICMPv6ND_RA: "router advertisement", inet6.ICMPv6ND_NS: "neighbour solicitation",
        inet6.ICMPv6ND_NA: "neighbour advertisement", inet6.ICMPv6MLReport2: "multicast listener report",
    }  # fmt: skip
    assert {int(kind().type): name for kind, name in classes.items()} == ICMPV6_NAMES


def one(**columns):
    return SimpleNamespace(**{name: [value] for name, value in columns.items()})


def test_ip_protocols_have_the_numbers_of_the_system_library():
    numbers = {name: getattr(socket, f"IPPROTO_{name.upper()}") for name in PROTOCOLS.values()}
    assert {number: name for name, number in numbers.items()} == PROTOCOLS
    tracked = {"icmpv6": 58, "udplite": 136, "dccp": 33, "sctp": 132}  # linux/in.h
    assert {"tcp": 6, "udp": 17, "icmp": 1, **tracked} == nat.PROTOCOLS


WIRESHARK = {"rarp": "arp", "pppoe discovery": "pppoed", "pppoe": "pppoes", "profinet": "pn_rt", "ppp": "data"}
"""How Wireshark calls them, where it does otherwise; PPP (0x880B, RFC 3241) it leaves as data."""


def test_ethertypes_have_the_names_by_which_wireshark_dissects_them(tmp_path):
    path, known = tmp_path / "x.pcap", {number: name for number, name in ETHERTYPES.items() if number < LINUX}
    path.write_bytes(pcap([bytes(12) + number.to_bytes(2, "big") + bytes(60) for number in known], 1))
    command = ["tshark", "-r", path, "-T", "fields", "-e", "frame.protocols"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split(":")[2] for line in lines] == [WIRESHARK.get(name, name) for name in known.values()]


@pytest.mark.parametrize(
    ("ethertype", "name"),
    [(0, "ethertype 0x0000"), (0x880B, "ppp"), (1, "llc"), (1500, "llc"), (1501, "ethertype 0x05dd"), (0xFF01, "802.3"),
     (0xFF0C, "can"), (0xFF0D, "can fd"), (0x88B5, "ethertype 0x88b5")],
)  # fmt: skip
def test_a_frame_without_ip_is_named_by_its_ethertype_and_up_to_1500_by_its_llc_header(ethertype, name):
    assert protocol_of(one(version=0, ethertype=ethertype), 0) == name


def test_an_ip_protocol_without_a_name_is_a_number():
    assert [protocol_of(one(version=4, protocol=number), 0) for number in (89, 17)] == ["protocol 89", "udp"]


def outer(source, target, **others):
    halves = {"outer_src_high": source >> 64, "outer_src_low": source & 2**64 - 1,
              "outer_dst_high": target >> 64, "outer_dst_low": target & 2**64 - 1}  # fmt: skip
    return one(**halves, **others)


@pytest.mark.parametrize(
    ("source", "target", "ends"),
    [(1, 2, ("0.0.0.1", "0.0.0.2")), (1 << 64, 2, ("0:0:0:1::", "::2")), (1, 2 << 64, ("::1", "0:0:0:2::"))],
)
def test_a_tunnels_ends_are_ipv6_if_either_address_is_longer_than_ipv4(source, target, ends):
    assert outer_ends(outer(source, target), 0) == ends
    assert encapsulation(outer(source, target, depth=1, tunnel=1, vni=7), 0) == f"vxlan 7 from {ends[0]} to {ends[1]}"
    assert encapsulation(outer(source, target, depth=0, tunnel=0, vni=0), 0) == "none"
