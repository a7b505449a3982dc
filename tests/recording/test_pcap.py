import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from cnetkit.recording.frames import Tap
from cnetkit.recording.pcap import read


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "tick"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_both_byte_orders_and_both_resolutions_are_read(order, magic, tick):
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 101)
    records = struct.pack(order + "IIII", 3, 4, 3, 1500) + b"abc" + struct.pack(order + "IIII", 3, 5, 1, 1) + b"d"
    result = read(np.frombuffer(head + records, np.uint8), "web", "eth0")
    assert result.frames.taps == (Tap("web", "eth0", 101),)
    assert [result.frames.bytes_of(number) for number in range(2)] == [b"abc", b"d"]
    assert result.frames.time_ns.tolist() == [3 * 10**9 + 4 * tick, 3 * 10**9 + 5 * tick]
    assert result.frames.length.tolist() == [1500, 1]
    assert result.warnings == ()


@pytest.mark.parametrize(
    "rest", [b"x", struct.pack("<IIII", 1, 1, 100, 100) + b"short", struct.pack("<IIII", 1, 1, 2**31, 9)]
)
def test_a_truncated_or_damaged_record_is_reported_with_its_position(rest):
    whole = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", 1, 1, 1, 1) + b"a"
    result = read(np.frombuffer(whole + rest, np.uint8), "web")
    assert len(result.frames) == 1
    assert result.warnings == ("the packet at byte 41 is damaged or truncated: the rest was not read",)


@example(27, 55, bytes(6))  # a packet's time and length become 0, so that it looks sound
@given(st.integers(0, 39), st.integers(0, 60), st.binary(min_size=1, max_size=40))
def test_reading_continues_after_damage(record, offset, noise):
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    packets = [b"%03d" % number * (10 + number % 5) for number in range(40)]
    records = [struct.pack("<IIII", 1_700_000_000, n, len(p), len(p)) + p for n, p in enumerate(packets)]
    at = len(head) + sum(map(len, records[:record])) + offset
    whole = bytearray(head + b"".join(records))
    whole[at : at + len(noise)] = noise[: max(0, len(whole) - at)]
    result = read(np.frombuffer(bytes(whole), np.uint8), "web")
    captured = [result.frames.bytes_of(number) for number in range(len(result.frames))]
    ends = np.cumsum([len(head), *map(len, records)])
    untouched = [
        p for p, begin, end in zip(packets, ends, ends[1:], strict=False) if end <= at or begin >= at + len(noise)
    ]
    for begin, end in pairwise(ends.tolist()):
        leads_to = begin + 16 + int.from_bytes(whole[begin + 8 : begin + 12], "little")
        if leads_to != end and leads_to in ends:
            return  # by chance its length leads to another packet: nothing shows the damage
    assert [packet for packet in captured if packet in untouched] == untouched
    assert len(captured) == 40 or any("damaged" in warning for warning in result.warnings)


def test_odd_headers_are_read_if_they_lead_to_the_end():
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    result = read(np.frombuffer(head + struct.pack("<IIII", 1, 2_000_000, 3, 2) + b"abc", np.uint8), "web")
    assert (len(result.frames), result.warnings) == (1, ())
