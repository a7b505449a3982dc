"""Checksums are left out where packets are compared with what an ICMP error quotes: the card may compute them later."""

import numpy as np
import pytest

from cnetkit.recording.protocols import ICMP, ICMPV6, TCP, UDP
from cnetkit.trace.packets.icmp_errors import without_checksum

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
