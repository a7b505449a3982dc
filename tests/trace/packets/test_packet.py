"""Packets as text."""

from cnetkit.trace.packets.packet import address, error_name, mac


def test_addresses_are_written_as_people_write_them():
    assert mac(0x0242AC110002) == "02:42:ac:11:00:02"
    assert address(4, 0, 0xAC110002) == "172.17.0.2"
    assert address(6, 0xFD00001700000000, 2) == "fd00:17::2"


def test_icmp_errors_are_named_by_version_type_and_code():
    assert error_name(4, 3, 3) == "port unreachable"
    assert error_name(6, 1, 4) == "port unreachable"
    assert error_name(4, 3, 15) == "destination unreachable, code 15"
