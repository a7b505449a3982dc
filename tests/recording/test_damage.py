"""Where reading of a classic pcap file continues after damage."""

import struct

import numpy as np
import pytest

from cnetkit.recording.pcap import read


def test_a_capture_file_inside_a_packet_is_not_read_as_packets():
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)

    def records(packets):
        return [struct.pack("<IIII", 1_700_000_000, n, len(p), len(p)) + p for n, p in enumerate(packets)]

    carried = head + b"".join(records([b"inside %04d" % number for number in range(20_000)]))
    packets = [b"carries" + carried[at : at + 1400] for at in range(0, len(carried), 1400)]
    whole = bytearray(head + b"".join(records(packets)))
    at = len(head) + 16 + len(packets[0])
    for damage in (b"\xff" * 16, bytes(600), b"\xff" * 3000):
        broken = bytearray(whole)
        broken[at : at + len(damage)] = damage
        for end in (len(broken), len(broken) - 700):
            result = read(np.frombuffer(bytes(broken[:end]), np.uint8), "web")
            captured = [result.frames.bytes_of(number) for number in range(len(result.frames))]
            assert set(captured) <= set(packets)
            assert len(captured) >= len(packets) - 4


@pytest.mark.parametrize("cut", [2, 10, 19])
def test_reading_continues_after_damage_shortly_before_the_end(cut):
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    record = struct.pack("<IIII", 1_700_000_000, 1, 4, 4) + b"abcd"
    result = read(np.frombuffer((head + record + bytes(7) + record * 5)[:-cut], np.uint8), "web")
    assert len(result.frames) == 5
