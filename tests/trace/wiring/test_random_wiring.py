"""Each rule that infers wiring, on random frames near its limits, gives what plain Python gives frame by frame."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest

from cnetkit.trace.wiring import inference as module
from tests.trace.wiring import reference
from tests.trace.wiring.reference import IN, OUT, SECOND, UNKNOWN, Row
from tests.trace.wiring.test_random_directions import arrays

STEPS = (0, 1, 1000, SECOND - 1, SECOND)


def random_case(choice: random.Random) -> tuple[list[Row], SimpleNamespace]:
    """Frames by their octets, then by time, at the taps of a few nodes."""
    node = sorted(choice.choice([0, 1, 1, 2]) for _ in range(choice.randrange(2, 7)))
    likely, rows = choice.sample(STEPS, 2), []
    chances = [choice.choice([0, 0, 0.2]) for _ in range(3)]
    taps = SimpleNamespace(node=np.array(node), **{
        name: np.array([choice.random() < chance for _ in node])
        for name, chance in zip(("described", "tunnel", "encrypting"), chances, strict=True)
    })  # fmt: skip
    taps.segment = np.full(len(node), -1)
    for wire in range(choice.randrange(1, 6)):
        time, ways, places = (
            0,
            choice.choice([[IN], [OUT], [IN, OUT], [IN, OUT, UNKNOWN]]),
            choice.choices(range(len(node)), k=3),
        )
        for _ in range(choice.choice([1, 2, 3, 4, 12])):
            tap = choice.choice(places)
            rows.append(Row(tap, node[tap], time, wire, choice.choice(ways)))
            time += choice.choice(likely)
    return rows, taps


@pytest.fixture(scope="module")
def cases() -> list[tuple[list[Row], SimpleNamespace]]:
    choice = random.Random(8)
    return [random_case(choice) for _ in range(2500)]


def groups(a: dict[str, np.ndarray]) -> np.ndarray:
    return np.unique(a["wire"] + a["node"].astype(np.uint64), return_inverse=True)[1].astype(np.int64)


def test_a_frame_came_by_cable_from_the_nearest_earlier_sending(cases):
    for rows, taps in cases:
        a = arrays(rows)
        counts = module._cables(taps, a["tap"], a["way"], a["time"], a["wire"])
        assert counts == reference.one_way_cables(rows, taps.described, taps.tunnel | taps.encrypting), rows


def test_the_interface_above_a_port_shows_the_same_frames(cases):
    found = 0
    for rows, taps in cases:
        a = arrays(rows)
        above = module._bridges(taps, a["tap"], a["way"], a["time"], groups(a))
        assert above == reference.bridges(rows, taps.described), (rows, taps.described)
        found += len(above)
    assert found > len(cases) / 8


def test_a_tap_is_a_tunnels_if_half_of_its_frames_are_wrapped_elsewhere(cases):
    choice, found = random.Random(9), 0
    for rows, taps in cases:
        a, depth = arrays(rows), [choice.choice([0, 0, 1, 1, 2]) for _ in rows]
        result = module._tunnels(taps, a["tap"], a["way"], a["wire"], np.array(depth, np.uint8))
        assert result.tolist() == reference.tunnels(rows, depth, taps.described), (rows, depth)
        found += sum(result.tolist())
    assert found > len(cases) / 8


def test_each_tap_has_one_cable_and_a_hub_has_frames_both_ways():
    choice = random.Random(10)
    for _ in range(4000):
        count = choice.randrange(2, 7)
        cables = {}
        for _ in range(choice.randrange(1, 10)):
            a, b = choice.sample(range(count), 2)
            cables[a, b] = choice.randrange(1, 4)
        node, segment = (
            [choice.randrange(4) for _ in range(count)],
            [choice.choice([-1, -1, -1, 7]) for _ in range(count)],
        )
        uppers = {tap for tap in range(count) if choice.random() < 0.1}
        result = module._assign(np.array(node), np.array(segment), cables, uppers)
        assert result.tolist() == reference.segments(node, segment, cables, uppers)


def test_the_first_of_each_group(cases):
    for rows, _ in cases[:500]:
        group = groups(arrays(rows))
        chosen = np.array([at for at, row in enumerate(rows) if row.way == IN], np.int64)
        firsts = {int(group[at]): int(at) for at in chosen[::-1]}
        assert sorted(module._first(group, chosen).tolist()) == sorted(firsts.values())
