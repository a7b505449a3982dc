"""How cables and directions are inferred, frame by frame in plain Python: the judge of what the arrays compute."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

UNKNOWN, IN, OUT = 0, 1, 2
SECOND, PAUSE, AT_ONCE, FOREVER = 10**9, 50_000_000, 1_000_000, 1 << 62


@dataclass
class Row:
    """One frame: its octets as a number, and where, when and which way it was captured."""

    tap: int
    node: int
    time: int
    wire: int
    way: int = UNKNOWN
    numbered: bool = False
    slack: int = 0


def through_loopback(rows: Sequence[Row]) -> list[int]:
    sizes = Counter((row.tap, row.wire) for row in rows)
    times = Counter((row.tap, sizes[row.tap, row.wire]) for row in rows if row.numbered)
    ways, count = [], Counter[tuple[int, int]]()
    for row in rows:
        once, twice, key = times[row.tap, 1], times[row.tap, 2], (row.tap, row.wire)
        both = twice > once and sizes[key] % 2 == 0
        ways.append((OUT, IN)[count[key] % 2] if both else IN if once > twice else UNKNOWN)
        count[key] += 1
    return ways


def by_key(ways: Sequence[int], keys: Sequence[int]) -> list[int]:
    known = defaultdict(set)
    for way, key in zip(ways, keys, strict=True):
        known[key].add(way)
    return [
        way or (min(known[key] - {UNKNOWN}) if len(known[key] - {UNKNOWN}) == 1 else UNKNOWN)
        for way, key in zip(ways, keys, strict=True)
    ]


def along_bridges(rows: Sequence[Row]) -> list[int]:
    ways = [row.way for row in rows]

    def near(at: int) -> bool:
        if not 0 <= at < len(rows) - 1:
            return False
        a, b = rows[at], rows[at + 1]
        return a.wire == b.wire and a.node == b.node and a.tap != b.tap

    for _ in range(2):
        new = list(ways)
        for at, way in enumerate(ways):
            if way != UNKNOWN:
                continue
            came_before = near(at - 1) and ways[at - 1] == IN
            beside = came_before and rows[at - 1].time == rows[at].time
            beside = beside or (near(at) and ways[at + 1] == IN and rows[at + 1].time == rows[at].time)
            if beside:
                new[at] = IN
            elif near(at) and ways[at + 1] == OUT:
                new[at] = OUT
            elif came_before:
                new[at] = IN
        ways = new
    return ways


def cables(rows: Sequence[Row], taps: int) -> list[int]:
    counts, took = Counter[tuple[int, int]](), defaultdict(list)
    for at, row in enumerate(rows):
        for lag in range(1, 9):
            before = rows[at - lag] if at >= lag else None
            if before is None or before.wire != row.wire or row.time - before.time >= SECOND:
                break
            if before.node != row.node:
                pair = min(row.tap, before.tap), max(row.tap, before.tap)
                counts[pair] += 1
                took[lag, before.tap, row.tap].append(row.time - before.time)
                break
    spread: dict[tuple[int, int], int] = defaultdict(int)
    for (_, one, other), times in took.items():
        pair = min(one, other), max(one, other)
        spread[pair] = max(spread[pair], max(times) - min(times))
    cable = [-1] * taps
    for a, b in sorted(counts, key=lambda pair: (-counts[pair], spread[pair], pair)):
        if cable[a] < 0 and cable[b] < 0:
            cable[a] = cable[b] = a
    return cable


def sender(run: Sequence[Row], since: dict[int, int], until: dict[int, int]) -> int:
    """The tap that sent an unnumbered packet which two taps show; -1 if it may be either."""
    first = run[0].tap
    second = next(row.tap for row in run if row.tap != first)
    logs: tuple[list[float], list[float]] = ([], [])
    for one, then in pairwise(run):
        if one.tap != then.tap:
            logs[one.tap != first].append(math.log(max(then.time - one.time, 1)))
    usual = [math.exp(sum(values) / len(values)) if values else math.nan for values in logs]
    alone = since[second] >= run[0].time
    result = -1
    if not logs[1] and (not alone or until[first] >= run[-1].time or usual[0] <= AT_ONCE):
        result = first
    if 4 * usual[0] < usual[1]:
        result = first
    if 4 * usual[1] < usual[0] and alone and min(map(len, logs)) >= 2:
        result = second
    return result


def along_cables(rows: Sequence[Row], taps: int) -> list[int]:
    """`rows` by octets, then by time."""
    cable = cables(rows, taps)
    ways = [row.way for row in rows]
    runs: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if cable[row.tap] >= 0:
            runs[row.wire, cable[row.tap]].append(at)
    on_cables = [rows[at] for run in runs.values() for at in run]
    since = {tap: min(row.time for row in on_cables if row.tap == tap) for tap in {row.tap for row in on_cables}}
    until = {tap: max(row.time for row in on_cables if row.tap == tap) for tap in {row.tap for row in on_cables}}
    clocks = any(row.slack for row in rows)
    for run in runs.values():
        here = [rows[at] for at in run]
        ends = {row.tap for row in here}
        if len(ends) == 1:
            continue
        order = [row.tap == here[0].tap for row in here]
        hairpin = (order == [True, False, False, True] and here[3].time - here[0].time < PAUSE
                   and not here[0].slack and not here[1].slack)  # fmt: skip
        surely_first = here[0].numbered or hairpin
        sent = here[0].tap if surely_first else sender(here, since, until)
        if clocks:
            apart = min(row.time - row.slack for row in here if row.tap != here[0].tap) > here[0].time + here[0].slack
            exact = surely_first and not any(row.slack for row in here)
            sent = sent if exact or apart else -1
        shown = {row.tap if row.way == OUT else (ends - {row.tap}).pop() for row in here if row.way != UNKNOWN}
        sent = shown.pop() if len(shown) == 1 else sent
        for place, at in enumerate(run):
            if sent >= 0 and ways[at] == UNKNOWN:
                ways[at] = OUT if rows[at].tap == sent else IN
                if hairpin and place >= 2:
                    ways[at] = (OUT, IN)[place - 2]
    return ways


# --- Wiring that no topology describes (inference.py) ----------------------------------------------------------------


def one_way_cables(rows: Sequence[Row], described: Sequence[bool], virtual: Sequence[bool]) -> Counter[tuple[int, int]]:
    """How often a frame came to the second tap, and the nearest earlier sending of another node was at the first."""
    counts = Counter[tuple[int, int]]()
    for at, row in enumerate(rows):
        if row.way != IN or described[row.tap]:
            continue
        for before in rows[max(at - 8, 0) : at][::-1]:
            if before.wire != row.wire or row.time - before.time >= SECOND:
                break
            fits = before.way == OUT and before.node != row.node
            if fits and not (described[before.tap] or virtual[before.tap] or virtual[row.tap]):
                counts[before.tap, row.tap] += 1
                break
    return counts


def bridges(rows: Sequence[Row], described: Sequence[bool]) -> dict[int, int]:
    """The interface above each port."""
    down, up, through = Counter[tuple[int, int]](), Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    begins: dict[tuple[int, int], Row] = {}
    for row in rows:
        begin = begins.setdefault((row.wire, row.node), row)
        if (
            not described[row.tap]
            and not described[begin.tap]
            and row.tap != begin.tap
            and (begin.way, row.way) == (IN, OUT)
        ):
            through[begin.tap, row.tap] += 1
    for lag in range(1, 9):
        pairs: dict[int, list[tuple[int, int]]] = {OUT: [], IN: []}
        for before, row in zip(rows, rows[lag:], strict=False):
            same = (before.wire, before.node, before.way) == (row.wire, row.node, row.way) and before.tap != row.tap
            if not same or described[row.tap] or described[before.tap] or row.time - before.time >= SECOND:
                continue
            if row.way == IN or (row.way == OUT and before is begins[row.wire, row.node]):
                pairs[row.way].append((before.tap, row.tap))
        for counts, way in ((down, OUT), (up, IN)):
            counts.update(sorted(pairs[way]))
    received = {row.tap for row in rows if row.way == IN}
    above: dict[int, int] = {}

    def free(tap: int) -> bool:
        return tap not in above and tap not in above.values()

    for (upper, port), times in down.most_common():
        shown = (upper, port) in up or (port, upper) in up
        if (shown or upper not in received) and down[port, upper] < times and port not in above and upper not in above:
            above[port] = upper
    for one, other in up:
        if free(other) and one not in above and one in above.values():
            above[other] = one
        elif free(one) and other not in above and other in above.values():
            above[one] = other
    for (port, upper), _ in up.most_common():
        if not up[upper, port] and free(port) and upper not in above:
            above[port] = upper
    for port, beside in sorted(through):
        if port in above and free(beside):
            above[beside] = above[port]
    return above


def segments(
    node: Sequence[int], segment: Sequence[int], cables: dict[tuple[int, int], int], uppers: set[int]
) -> list[int]:
    """The number of each tap's cable; `cables` says how often a frame went from one tap to another."""
    result, both = list(segment), Counter[tuple[int, int]]()
    for (a, b), times in cables.items():
        if not {a, b} & uppers:
            both[min(a, b), max(a, b)] += times
    frequent = sorted(both, key=lambda pair: (-both[pair], pair))
    for a, b in frequent:
        if result[a] < 0 and result[b] < 0:
            result[a] = result[b] = a
    for a, b in frequent:
        known = [tap for tap in (a, b) if result[tap] >= 0]
        if len(known) == 1 and (a, b) in cables and (b, a) in cables:
            new = a + b - known[0]
            if node[new] not in {node[tap] for tap, number in enumerate(result) if number == result[known[0]]}:
                result[new] = result[known[0]]
    return result


def tunnels(rows: Sequence[Row], depth: Sequence[int], described: Sequence[bool]) -> list[bool]:
    """Taps of which at least half of the frames are next to one with one more encapsulation; `wire` is the inner packet's."""
    deep = {row.wire for row, level in zip(rows, depth, strict=True) if level}
    total, result = Counter(row.tap for row in rows), [False] * len(described)
    usable = [at for at, row in enumerate(rows) if row.wire in deep and not described[row.tap]]
    for by_node in (True, False):
        runs, times = defaultdict(list), Counter[int]()
        for at in usable:
            runs[rows[at].wire, rows[at].node * by_node].append(at)
        for run in runs.values():
            for first, then in pairwise(run):
                one, other, more = rows[first], rows[then], depth[then] - depth[first]
                if one.tap == other.tap:
                    continue
                here = one.node == other.node
                if one.way == OUT and more == 1 and (not here or other.way == OUT):
                    times[one.tap] += 1
                if other.way == IN and (more == -1 or (here and more == 1)) and (not here or one.way == IN):
                    times[one.tap if more > 0 else other.tap] += 1
        for tap, count in times.items():
            result[tap] |= 2 * count >= total[tap]
    return result
