"""Which parents and children are paired, for random rows near the limits: decided row by row in plain Python."""

import random
from types import SimpleNamespace

import numpy as np

from cnetkit.trace.pairing.pairs import NEAR_FACTOR, NEAR_NS, pair
from cnetkit.trace.pairing.timing import PAUSE_NS, timing_of
from tests.trace.pairing.test_random_timing import Judge

DELAYS = (0, 1, PAUSE_NS // 11, PAUSE_NS // 10, PAUSE_NS - 1, PAUSE_NS, PAUSE_NS + 1, NEAR_FACTOR * PAUSE_NS // 4,
          NEAR_FACTOR * PAUSE_NS // 4 + 1, 3 * PAUSE_NS, 30 * PAUSE_NS)  # fmt: skip
TAPS = 3


def random_rows(choice):
    time, rows, delays = 0, [], choice.choice((DELAYS, DELAYS, DELAYS[:7], (1, PAUSE_NS + 1, 2 * PAUSE_NS)))
    keys, parents, numbered = choice.choice((1, 1, 2, 3)), choice.choice((0.3, 0.5, 0.5)), choice.choice((0.2, 1, 1))
    for _ in range(choice.randrange(2, 11)):
        time += choice.choice(delays)
        rows.append({"time": time, "tap": choice.randrange(TAPS), "numbered": choice.random() < numbered, "packet": 1,
                     "distinctive": False, "key": choice.randrange(keys), "parent": choice.random() < parents})  # fmt: skip
    clocks = None
    if choice.random() < 0.2:
        clocks = {
            "clock": [0, 0, 1],
            "slack": [0, 0, choice.choice([1, PAUSE_NS])],
            "island": [0, 0, choice.randrange(2)],
        }
    return rows, clocks, choice.random() < 0.5


class Pairing:
    """The rules of `pair`, for one run after the other: all rows of one key, and the children of one interface."""

    def __init__(self, rows, judge, ties):
        self.rows, self.judge, self.ties = rows, judge, ties
        self.pairs, self.ambiguous = set(), {}
        runs = []
        for key in {row["key"] for row in rows}:
            alike = [n for n, row in enumerate(rows) if row["key"] == key]
            parents = [n for n in alike if rows[n]["parent"]]
            for tap in range(TAPS):
                children = [n for n in alike if not rows[n]["parent"] and rows[n]["tap"] == tap]
                if parents and children:
                    runs.append((parents, children))
        counted = [
            pair for run in runs if len(run[0]) == len(run[1]) for pair in zip(*run, strict=True) if self.after(pair)
        ]
        self.usual = judge.usual(counted)
        for parents, children in runs:
            if len(parents) == len(children) and all(map(self.fits, zip(parents, children, strict=True))):
                self.pairs.update(zip(parents, children, strict=True))
            else:
                self.decide(sorted(parents + children, key=self.place))

    def place(self, row):
        return (self.time(row), not self.rows[row]["parent"], row) if self.ties else row

    def time(self, row):
        return self.rows[row]["time"]

    def after(self, pair):
        return self.judge.after(*pair, self.ties)

    def fits(self, pair):
        return self.after(pair) and not self.judge.doubtful(*pair, self.usual)

    def decide(self, run):
        stretches = []
        for row in run:
            if not stretches or self.time(row) - self.time(stretches[-1][-1]) > PAUSE_NS:
                stretches.append([])
            stretches[-1].append(row)
        for stretch in stretches:
            parents, children = ([row for row in stretch if self.rows[row]["parent"] is side] for side in (True, False))
            if len(parents) == len(children) and all(map(self.after, zip(parents, children, strict=True))):
                self.keep(zip(parents, children, strict=True))
                continue
            for child in children:
                at = run.index(child)
                if self.certain(run, at):
                    self.keep([(run[at - 1], child)])
                    continue
                before = [row for row in run[:at] if self.rows[row]["parent"]]
                if before and self.time(child) - self.time(before[-1]) <= PAUSE_NS:
                    self.ambiguous[child] = before[-1] if len(parents) == 1 else -1

    def keep(self, pairs):
        self.pairs.update(pair for pair in pairs if not self.judge.doubtful(*pair, self.usual))

    def certain(self, run, at):
        if at == 0 or not self.rows[run[at - 1]]["parent"]:
            return False
        delay = self.time(run[at]) - self.time(run[at - 1])
        near = max(NEAR_NS, NEAR_FACTOR * delay)
        if at >= 2 and self.rows[run[at - 2]]["parent"] and self.time(run[at - 1]) - self.time(run[at - 2]) <= near:
            return False
        if at + 1 == len(run):
            return True
        pause = self.time(run[at + 1]) - self.time(run[at])
        return pause >= delay if self.rows[run[at + 1]]["parent"] else pause > near


def test_pairs_of_random_rows_are_those_that_the_rules_allow_row_by_row():
    choice, pairs, doubts, single = random.Random(3), 0, 0, 0
    for _ in range(4000):
        rows, clocks, ties = random_rows(choice)
        column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        several = clocks and SimpleNamespace(**{name: np.array(values) for name, values in clocks.items()})
        packet = np.ones(len(rows), np.uint64)
        timing = timing_of(
            column["time"], column["tap"], column["numbered"], packet, column["distinctive"], TAPS, several or None
        )
        key = (column["key"].astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        parents, children = np.flatnonzero(column["parent"]), np.flatnonzero(~column["parent"])
        result = pair(parents, key[parents], children, key[children], column["tap"][children], timing, ties=ties)
        expected = Pairing(rows, Judge(rows, clocks, False), ties)
        found = list(zip(result.parent.tolist(), result.child.tolist(), strict=True))
        assert sorted(found) == sorted(expected.pairs), (rows, clocks, ties)
        only = dict(zip(result.ambiguous.tolist(), result.only.tolist(), strict=True))
        assert only == expected.ambiguous, (rows, clocks, ties)
        pairs, doubts, single = (
            pairs + len(found), doubts + len(only), single + sum(value >= 0 for value in only.values())
        )  # fmt: skip
    assert pairs > 2000
    assert doubts > 500
    assert single > 100
