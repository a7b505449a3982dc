"""Only whole neighbour solicitations and advertisements outside tunnels are read, with the address that they are about."""

from itertools import product
from types import SimpleNamespace

import numpy as np

from cnetkit.trace.packets.neighbour_messages import neighbour_messages

ADDRESS = bytes.fromhex("fd00000000000001000000000000abcd")


def test_a_message_counts_if_it_is_icmpv6_of_the_two_types_and_neither_in_a_tunnel_nor_cut():
    kinds = list(product((58, 1), (6, 4), (134, 135, 136, 137), (0, 1), (0, 1)))
    protocol, version, icmp_type, depth, cut = (np.array(column) for column in zip(*kinds, strict=True))
    transport = 24 * np.arange(len(kinds))
    data = np.frombuffer((bytes(8) + ADDRESS) * len(kinds), np.uint8)
    c = SimpleNamespace(
        protocol=protocol, version=version, icmp_type=icmp_type, depth=depth, cut=cut, transport=transport
    )
    result = neighbour_messages(c, data)
    wanted = [at for at, kind in enumerate(kinds) if kind in ((58, 6, 135, 0, 0), (58, 6, 136, 0, 0))]
    assert result.frame.tolist() == wanted
    assert result.solicitation.tolist() == [kinds[at][2] == 135 for at in wanted]
    assert {(int(high), int(low)) for high, low in zip(result.high, result.low, strict=True)} == {
        (0xFD00000000000001, 0xABCD)
    }


def test_an_address_that_the_data_end_in_is_not_read():
    c = SimpleNamespace(**{name: np.array([value]) for name, value in (
        ("protocol", 58), ("version", 6), ("icmp_type", 135), ("depth", 0), ("cut", 0), ("transport", 0))})  # fmt: skip
    for size, count in ((24, 1), (23, 0)):
        assert len(neighbour_messages(c, np.frombuffer((bytes(8) + ADDRESS)[:size], np.uint8)).frame) == count
