"""Packets as text."""

import pytest
from scapy.layers import inet6

from cnetkit.trace.packets.packet import ICMP_NAMES, ICMPV6_NAMES, address, error_name, mac


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
