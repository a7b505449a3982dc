"""Where reading of a classic pcap file continues after damage."""

import random
import struct

import numpy as np
import pytest

from cnetkit.recording import damage
from cnetkit.recording.pcap import read


def test_a_capture_file_inside_a_packet_is_not_read_as_packets():
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)

    def records(packets):
        return [struct.pack("<IIII", 1_700_000_000, n, len(p), len(p)) + p for n, p in enumerate(packets)]

    carried = head + b"".join(records([b"inside %04d" % number for number in range(20_000)]))
    packets = [b"carries" + carried[at : at + 1400] for at in range(0, len(carried), 1400)]
    whole = bytearray(head + b"".join(records(packets)))
    at = len(head) + 16 + len(packets[0])
    for harm in (b"\xff" * 16, bytes(600), b"\xff" * 3000):
        broken = bytearray(whole)
        broken[at : at + len(harm)] = harm
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


# --- Random files, judged place by place -----------------------------------------------------------------------------

REACHES, KEPT, WHOLE, TICKS = 90, 40, 60, 1_000_000


def following(data: bytes, at: int) -> int | None:
    """Where the record at a place leads; -1 if the file ends inside it or in the next header; None if it is none."""
    if at + 16 >= len(data):
        return None
    second, part, captured, length = struct.unpack_from("<IIII", data, at)
    after = at + 16 + captured
    if part >= TICKS or captured > length or not 0 < length <= WHOLE or captured > KEPT:
        return None
    if after == len(data):
        return after
    if after + 16 > len(data):
        return -1
    return after if abs(struct.unpack_from("<I", data, after)[0] - second) < damage.DAY else None


def leads_on(data: bytes, at: int) -> bool:
    """Whether two sound records follow, or the end, and all of them reach far or to the end."""
    here = at
    for _ in range(2):
        then = following(data, here) if here < len(data) else here
        if then is None or then == -1 or (then < len(data) and following(data, then) is None):
            return False
        here = then
    while here < len(data) and here - at < REACHES:
        then = following(data, here)
        if then is None:
            return False
        here = len(data) if then == -1 else then
    return True


def next_record(data: bytes, at: int, second: int | None) -> int:
    for place in range(at, len(data) - 16):
        near = second is None or abs(struct.unpack_from("<I", data, place)[0] - second) < damage.DAY
        if near and following(data, place) not in (None, place) and leads_on(data, place):
            return place
    return len(data)


JUMPS = (1, damage.DAY - 1, damage.DAY, 1 - damage.DAY, -damage.DAY)
"""Seconds from one record to the next."""


def random_file(choice: random.Random) -> bytes:
    data, second = bytes(choice.randrange(0, 9)), choice.randrange(10**9)
    for _ in range(choice.randrange(0, 9)):
        second += choice.choice(JUMPS if choice.random() < 0.3 else [0, 1])
        captured = choice.choice([0, 1, 3, 20, KEPT, KEPT + 1] if choice.random() < 0.5 else [1, 20])
        lengths = [captured, captured, captured + 1, WHOLE, WHOLE + 1, max(captured - 1, 0)]
        length = choice.choice(lengths) if choice.random() < 0.3 else captured + 1
        part = choice.choice([0, TICKS - 1, TICKS]) if choice.random() < 0.3 else 5
        data += struct.pack("<IIII", max(second, 0), part, captured, length) + b"\xff" * captured
    return data[: len(data) - choice.choice([0, 0, 0, 1, 4, 16, 17])]


def test_the_next_record_leads_far_or_to_the_end(monkeypatch):
    for name, value in (("REACH", REACHES), ("USUAL", KEPT), ("LONGEST", WHOLE)):
        monkeypatch.setattr(damage, name, value)
    choice, found = random.Random(3), 0
    for _ in range(500):
        data = random_file(choice)
        if len(data) < 20:
            continue
        array = np.frombuffer(data, np.uint8)
        second = choice.choice([None, int.from_bytes(data[8:12], "little")])
        at = choice.randrange(0, 4)
        expected = next_record(data, at, second)
        assert damage.record_after(array, "<", at, TICKS, second) == expected, (data.hex(), at, second)
        found += expected < len(data)
        for place in range(len(data) + 2):
            whole = place + 16 <= len(data)
            fields = struct.unpack_from("<IIII", data, place) if whole else (0, 0, 0, 0)
            sound = fields[1] < TICKS and fields[2] <= fields[3] and 0 < fields[3] <= WHOLE
            cut = not whole or (sound and fields[2] <= KEPT and place + 16 + fields[2] > len(data))
            assert damage.cut_off(array, "<", place, TICKS) == cut, (data.hex(), place)
    assert found > 80
