"""Each rule about directions, on random frames near its limits, gives what plain Python gives frame by frame."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cnetkit.trace.wiring import directions as module
from tests.trace.wiring import reference
from tests.trace.wiring.reference import AT_ONCE, IN, OUT, PAUSE, SECOND, UNKNOWN, Row

STEPS = (
    0,
    1,
    1000,
    4000,
    4001,
    16_000,
    AT_ONCE - 1,
    AT_ONCE,
    AT_ONCE + 1,
    PAUSE // 3,
    PAUSE - 1,
    PAUSE,
    SECOND - 1,
    SECOND,
)


def random_rows(choice: random.Random) -> list[Row]:
    """Frames by their octets, then by time, as the rules expect them."""
    node = [0, *sorted(choice.choice([1, 1, 2]) for _ in range(choice.randrange(1, 4)))]
    slack = [choice.choice([0, 0, 0, 5, 1000]) if choice.random() < 0.5 else 0 for _ in node]
    likely = choice.sample(STEPS, 3)
    rows = []
    for wire in range(choice.randrange(1, 5)):
        time, numbered, pool = (
            choice.choice([0, 1000, 7000]),
            choice.random() < 0.4,
            choice.choices(range(len(node)), k=2),
        )
        hints = choice.choice([0, 0, 0.3])
        order = choice.choice(["abba", "ab", "ba", "abab", ""])
        places = [pool["ab".index(end)] for end in order] or [
            choice.choice(pool) for _ in range(choice.randrange(1, 12))
        ]
        for tap in places:
            way = choice.choice([IN, OUT]) if choice.random() < hints else UNKNOWN
            rows.append(Row(tap, node[tap], time, wire, way, numbered, slack[tap]))
            time += choice.choice(likely)
    return rows


def arrays(rows: list[Row]) -> dict[str, np.ndarray]:
    widths = {
        "tap": np.int64,
        "node": np.int64,
        "time": np.int64,
        "way": np.uint8,
        "numbered": np.bool_,
        "slack": np.int64,
    }
    result = {name: np.array([getattr(row, name) for row in rows], width) for name, width in widths.items()}
    result["wire"] = np.array([row.wire << 20 for row in rows], np.uint64)
    return result


@pytest.fixture(scope="module")
def recordings() -> list[list[Row]]:
    choice = random.Random(5)
    return [random_rows(choice) for _ in range(3000)]


def test_cables_lead_between_the_taps_that_most_often_show_the_same_in_turn(recordings):
    for rows in recordings:
        a = arrays(rows)
        cable = module._cables(a["tap"], a["node"], a["time"], a["wire"]).tolist()
        assert cable == reference.cables(rows, max(row.tap for row in rows) + 1), rows


def test_directions_along_a_cable(recordings):
    counted = set()
    for rows in recordings:
        a = arrays(rows)
        ways = module._along_cables(
            a["way"].copy(), *(a[name] for name in ("tap", "node", "time", "wire", "numbered", "slack"))
        )
        assert ways.tolist() == reference.along_cables(rows, max(row.tap for row in rows) + 1), rows
        counted |= set(ways.tolist())
    assert counted == {UNKNOWN, IN, OUT}


def test_directions_along_a_bridge(recordings):
    for rows in recordings:
        a = arrays(rows)
        ways = module._along_bridges(a["way"].copy(), *(a[name] for name in ("tap", "node", "time", "wire")))
        assert ways.tolist() == reference.along_bridges(rows), rows


def test_directions_through_loopback():
    choice = random.Random(6)
    for _ in range(2000):
        rows = [Row(choice.randrange(2), 0, 0, choice.randrange(6), numbered=choice.random() < 0.7)
                for _ in range(choice.randrange(1, 14))]  # fmt: skip
        a = arrays(rows)
        ways = module._through_loopback(a["wire"] | a["tap"].astype(np.uint64), a["tap"], a["numbered"])
        assert ways.tolist() == reference.through_loopback(rows), rows


def test_an_address_that_always_went_one_way_gives_its_direction():
    choice = random.Random(7)
    for _ in range(500):
        ways, keys = zip(
            *[(choice.choice([0, 0, 1, 2]), choice.randrange(4)) for _ in range(choice.randrange(1, 9))], strict=True
        )
        result = module._by_address(np.array(ways, np.uint8), np.array(keys, np.uint64))
        assert result.tolist() == reference.by_key(ways, keys)
