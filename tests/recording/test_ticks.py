"""Timestamps of every resolution, compared with whole numbers of any size."""

import random

import numpy as np
import pytest

from cnetkit.recording.ticks import LAST, nanoseconds

SECOND = 10**9


def exact(ticks, resolution, seconds):
    size = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10 ** (resolution & 0x7F)
    time = min(ticks * SECOND // size, LAST)
    return min(time + max(seconds, -(LAST // SECOND)) * SECOND, LAST)


def converted(rows):
    ticks, resolution, offset = zip(*rows, strict=True)
    return nanoseconds(np.array(ticks, np.uint64), np.array(resolution), np.array(offset, np.int64)).tolist()


@pytest.mark.parametrize("power", [0, 0x80])
def test_times_of_any_resolution_are_those_of_exact_arithmetic(power):
    """Within a nanosecond where a tick is far less than one."""
    choice = random.Random(power)
    rows = [(choice.randrange(2 ** choice.randrange(1, 65)), power | choice.choice((*range(36 if power else 29), 9)),
             choice.choice((0, 0, 1, -1, 1_700_000_000, LAST // SECOND, LAST // SECOND + 1, -(LAST // SECOND) - 1, 2**62)))
            for _ in range(4000)]  # fmt: skip
    for row, time in zip(rows, converted(rows), strict=True):
        if exact(*row) == LAST or exact(row[0], row[1], 0) > LAST - 2 * SECOND:
            assert LAST - time <= 2 * SECOND + max(0, -row[2]) * SECOND
            continue
        assert 0 <= exact(*row) - time <= (row[1] & 0x80 and row[1] & 0x7F > 33), (row, time)


@pytest.mark.parametrize(
    ("ticks", "resolution", "time"),
    [(3, 0, 3 * SECOND), (3, 6, 3000), (3, 9, 3), (39, 10, 3), (10**19 + 1, 28, 1), (1, 0x81, SECOND // 2),
     (2**63, 0, LAST // SECOND * SECOND), (LAST, 9, LAST), (LAST + 1, 9, LAST), (2**64 - 1, 0x80, LAST - SECOND),
     (2**63 + 2**62, 0xFF, SECOND + SECOND // 2)],
)  # fmt: skip
def test_a_time_is_read_by_hand(ticks, resolution, time):
    assert converted([(ticks, resolution, 0)]) == [time]
