"""Which pairs are doubtful, and what delay is usual, for random rows near the limits: judged pair by pair in plain Python."""

import math
import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cnetkit.trace.pairing import timing
from cnetkit.trace.pairing.timing import PAUSE_NS, SLOW, timing_of

STEPS = (0, 1, 1000, PAUSE_NS - 1, PAUSE_NS, PAUSE_NS + 1, 3 * PAUSE_NS)


def random_rows(choice):
    time, rows = 0, []
    for _ in range(choice.randrange(2, 9)):
        time += choice.choice(STEPS)
        rows.append({"time": time, "tap": choice.randrange(3), "numbered": choice.random() < 0.3, "packet": choice.randrange(3),
                     "distinctive": choice.random() < 0.4, "node": choice.randrange(3)})  # fmt: skip
    clocks = None
    if choice.random() < 0.4:
        clocks = {"clock": [0, choice.randrange(2), 1], "slack": [0, choice.choice([0, 1, 999, 1000]), choice.choice([0, 1])],
                  "island": [0, 0, choice.randrange(2)]}  # fmt: skip
    return rows, clocks, choice.random() < 0.3


class Judge:
    def __init__(self, rows, clocks, within):
        self.rows, self.clocks, self.within = rows, clocks, within

    def after(self, parent, child, ties):
        a, b = self.rows[parent], self.rows[child]
        if parent < child or (ties and a["time"] == b["time"]):
            return True
        if self.clocks is None or self.clocks["clock"][a["tap"]] == self.clocks["clock"][b["tap"]]:
            return False
        return a["time"] - b["time"] <= self.clocks["slack"][a["tap"]] + self.clocks["slack"][b["tap"]]

    def doubtful(self, parent, child, usual=None):
        a, b = self.rows[parent], self.rows[child]
        apart = self.clocks is not None and self.clocks["island"][a["tap"]] != self.clocks["island"][b["tap"]]
        took = b["time"] - a["time"]
        if took <= PAUSE_NS and not apart:
            return False
        since = min(row["time"] for row in self.rows if row["tap"] == b["tap"])
        until = max(row["time"] for row in self.rows if row["tap"] == a["tap"])
        alone = a["time"] < since or b["time"] > until or (self.within and a["node"] == b["node"])
        alone = (alone and (usual is None or took > SLOW * usual[b["tap"]])) or apart
        seen = [(row["packet"], row["tap"]) for row in self.rows]
        repeated = any(packet == b["packet"] and seen.count((packet, tap)) > 1 for packet, tap in seen)
        known = (a["numbered"] and b["numbered"]) or (a["distinctive"] and b["distinctive"] and not repeated)
        return alone and not known

    def usual(self, pairs):
        took = {tap: [] for tap in range(3)}
        for parent, child in pairs:
            if not self.doubtful(parent, child):
                took[self.rows[child]["tap"]].append(max(self.rows[child]["time"] - self.rows[parent]["time"], 1))
        if not any(self.rows[child]["time"] - self.rows[parent]["time"] > PAUSE_NS for parent, child in pairs):
            return [0.0] * 3
        return [math.exp(sum(map(math.log, values)) / len(values)) if values else 0.0 for values in took.values()]


def test_pairs_are_judged_by_their_times_and_by_when_each_interface_was_captured():
    choice, doubts = random.Random(1), 0
    for _ in range(1500):
        rows, clocks, within = random_rows(choice)
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        known = (
            None if clocks is None else SimpleNamespace(**{name: np.array(values) for name, values in clocks.items()})
        )
        packet = columns["packet"].astype(np.uint64) << np.uint64(40)
        time, tap, numbered, distinctive = (columns[name] for name in ("time", "tap", "numbered", "distinctive"))
        where = timing_of(time, tap, numbered, packet, distinctive, 3, known)
        if within:
            where = replace(where, within=columns["node"])
        pairs = [tuple(choice.sample(range(len(rows)), 2)) for _ in range(choice.randrange(1, 5))]
        parent, child = (np.array(column) for column in zip(*pairs, strict=True))
        judge = Judge(rows, clocks, within)
        for ties in (False, True):
            assert where.after(parent, child, ties).tolist() == [judge.after(*pair, ties) for pair in pairs], (
                rows,
                clocks,
                pairs,
            )
        expected = [judge.doubtful(*pair) for pair in pairs]
        assert where.doubtful(parent, child).tolist() == expected, (rows, clocks, within, pairs)
        ascending = [(min(pair), max(pair)) for pair in pairs]
        first, then = (np.array(column) for column in zip(*ascending, strict=True))
        usual = judge.usual(ascending)
        assert where.usual(first, then).tolist() == pytest.approx(usual)
        delays = np.array([choice.choice([0, PAUSE_NS / 4, PAUSE_NS]) for _ in range(3)])
        slower = [judge.doubtful(*pair, delays) for pair in ascending]
        assert where.doubtful(first, then, delays).tolist() == slower, (rows, clocks, within, ascending, delays)
        doubts += sum(expected)
    assert doubts > 250


def test_numbered_packets_carry_a_number_and_distinctive_ones_eight_octets_of_a_program():
    kinds = [(protocol, kind, ident, version, size) for protocol in (1, 2, 6, 17, 58) for kind in (0, 8, 128, 129, 3)
             for ident in (0, 7) for version in (0, 4) for size in (7, 8)]  # fmt: skip
    names = ("protocol", "icmp_type", "ident", "version", "payload_length")
    c = SimpleNamespace(
        **{name: np.array(column) for name, column in zip(names, zip(*kinds, strict=True), strict=True)}
    )
    echoes = {(1, 0), (1, 8), (58, 128), (58, 129)}
    assert timing.numbered(c).tolist() == [
        ident != 0 or p == 6 or (p, kind) in echoes for p, kind, ident, _, _ in kinds
    ]
    assert timing.distinctive(c).tolist() == [
        p in (6, 17) and version > 0 and size >= 8 for p, _, _, version, size in kinds
    ]
