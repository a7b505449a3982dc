"""Finds out which frames went out and which came in, where a capture file does not say.

Of the two ends of a cable the sender sees a frame first, and its bytes cross it one way only; of packets that nobody
numbered the first one seen may be missing at the sender, so their times have to tell more. A bridge sees what its
ports do. What stays open is left as it is. It joins no frame.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN, OUT, UNKNOWN
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.arrays.order import ranks
from cnetkit.trace.pairing.timing import PAUSE_NS

LOOK_BACK = 8
NEAR_NS = 1_000_000_000
AT_ONCE_NS = 1_000_000
"""So near each other two sightings are of one packet."""
SLOWER = 4
"""By so many times the time between packets has to exceed the time that each takes."""


def oriented(
    direction: NDArray[np.uint8],
    tap: Rows,
    node: Rows,
    time: NDArray[np.int64],
    wire: U64,
    eth_src: U64,
    eth_dst: U64,
    own: U64,
    loops: NDArray[np.bool_],
    numbered: NDArray[np.bool_],
    slack: Rows,
) -> NDArray[np.uint8]:
    """`direction` with IN or OUT for rows that had neither. Rows are in the order of time.

    `own` is the MAC address of each row's interface, 0 where it is not known; `loops` are rows seen at a loopback;
    `slack` is by how many nanoseconds each row's time may be wrong beside those of other clocks.
    """
    unknown = direction == UNKNOWN
    found = direction.copy()
    looped = np.flatnonzero(unknown & loops)
    found[looped] = _through_loopback(mix(wire, tap)[looped], tap[looped], numbered[looped])
    found[(found == UNKNOWN) & (own != 0) & (own == eth_src)] = OUT
    order = np.argsort(wire, kind="stable")
    place = (tap[order], node[order], time[order], wire[order])
    found[order] = _along_bridges(_along_cables(found[order], *place, numbered[order], slack[order]), *place)
    one = np.flatnonzero((eth_dst >> np.uint64(40)) & np.uint64(1) == 0)
    if len(one):
        found[one] = _as_before(found[one], mix(tap[one], eth_dst[one]))
    return _as_before(_as_before(found, mix(tap, eth_src)), mix(tap, eth_dst))  # what is for a group, says least


def _through_loopback(wire: U64, tap: Rows, numbered: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """What goes out at a loopback comes in there. Some programs record both, some (libpcap) only the second.

    Which, those packets tell that are numbered; where none is, nothing is known.
    """
    rank, count, _ = ranks(wire)
    taps = int(tap.max(initial=-1)) + 1
    once, twice = (np.bincount(tap[numbered & (count == times)], minlength=taps)[tap] for times in (1, 2))
    both = (twice > once) & (count % 2 == 0)
    way = np.where(both, np.where(rank % 2 == 0, OUT, IN), np.where(once > twice, IN, UNKNOWN))
    return way.astype(np.uint8)


def _along_cables(
    found: NDArray[np.uint8],
    tap: Rows,
    node: Rows,
    time: NDArray[np.int64],
    wire: U64,
    numbered: NDArray[np.bool_],
    slack: Rows,
) -> NDArray[np.uint8]:
    """`found` with the directions of packets seen at both ends of a cable: what one end says tells the other's. Else the
    first one was at the sender, if they are numbered; of others, if their times tell the sender. Neither, where the times
    are no farther apart than the clocks may be wrong."""
    cable = _cables(tap, node, time, wire)[tap]
    key = mix(wire, cable)
    rows = np.flatnonzero(cable >= 0)
    rows = rows[np.argsort(key[rows], kind="stable")]
    if not len(rows):
        return found
    begins = np.flatnonzero(np.concatenate(([True], key[rows][1:] != key[rows][:-1])))
    sizes = np.diff(np.append(begins, len(rows)))
    low, high = np.minimum.reduceat(tap[rows], begins), np.maximum.reduceat(tap[rows], begins)
    both = low != high
    four = begins[sizes == 4]  # over there and back again: a port of a bridge in hairpin mode
    back = four[(tap[rows[four]] == tap[rows[four + 3]]) & (tap[rows[four + 1]] == tap[rows[four + 2]])]
    back = back[(time[rows[back + 3]] - time[rows[back]] < PAUSE_NS) & (slack[rows[back]] + slack[rows[back + 1]] == 0)]
    first = numbered[rows[begins]] | np.isin(begins, back)
    other = -1 if first.all() else _senders(tap[rows], time[rows], begins, sizes)
    sender = np.where(first, tap[rows[begins]], other)
    if slack.any():
        there = np.where(tap[rows] == np.repeat(tap[rows[begins]], sizes), 1 << 62, time[rows] - slack[rows])
        apart = np.minimum.reduceat(there, begins) > (time + slack)[rows[begins]]
        exact = first & (np.maximum.reduceat(slack[rows], begins) == 0)
        sender = np.where(exact | apart, sender, -1)
    said = np.where(found[rows] == OUT, tap[rows], np.repeat(low + high, sizes) - tap[rows])
    known = found[rows] != UNKNOWN
    least = np.minimum.reduceat(np.where(known, said, 1 << 62), begins)
    sender = np.where(least == np.maximum.reduceat(np.where(known, said, -1), begins), least, sender)
    told = np.where(tap[rows] == np.repeat(sender, sizes), OUT, IN).astype(np.uint8)
    told[back + 2], told[back + 3] = OUT, IN
    open_ = np.repeat(both & (sender >= 0), sizes) & (found[rows] == UNKNOWN)
    found[rows[open_]] = told[open_]
    return found


def _senders(tap: Rows, time: NDArray[np.int64], begins: Rows, sizes: Rows) -> Rows:
    """For each run of rows that two taps show the sender's tap, or -1 where it may be either.

    The same packet again and again: from the sender to the receiver it takes less time than until the next one. What
    only one of them saw first, and the other one later, tells where one was captured while the other one was.
    """
    group = np.repeat(np.arange(len(begins)), sizes)
    taps = int(tap.max()) + 1
    since, until = np.full(taps, 1 << 62), np.full(taps, -1 << 62)
    np.minimum.at(since, tap, time)
    np.maximum.at(until, tap, time)
    first, ends = tap[begins], begins + sizes - 1
    turn = np.flatnonzero((group[1:] == group[:-1]) & (tap[1:] != tap[:-1]))
    away = (tap[turn] != first[group[turn]]).astype(np.int64)  # 0: from the first tap to the second, 1: back
    took = np.log(np.maximum(time[turn + 1] - time[turn], 1))
    turns = np.bincount(2 * group[turn] + away, minlength=2 * len(begins)).reshape(-1, 2)
    with np.errstate(divide="ignore", invalid="ignore"):  # geometric means; not a number where there was no turn
        usual = np.exp(np.bincount(2 * group[turn] + away, took, 2 * len(begins)).reshape(-1, 2) / turns)
    second = np.minimum.reduceat(np.where(tap == first[group], taps, tap), begins) % taps
    alone = since[second] >= time[begins]  # the second may not have been captured yet
    once = (turns[:, 1] == 0) & (~alone | (until[first] >= time[ends]) | (usual[:, 0] <= AT_ONCE_NS))
    sender = np.where(once | (SLOWER * usual[:, 0] < usual[:, 1]), first, -1)
    turned = (SLOWER * usual[:, 1] < usual[:, 0]) & alone & (turns >= 2).all(axis=1)
    sender[turned] = second[turned]
    return sender


def _cables(tap: Rows, node: Rows, time: NDArray[np.int64], wire: U64) -> Rows:
    """For each tap the number of its cable, or -1: two nodes' taps that most often show the same bytes in turn."""
    counts: dict[tuple[int, int], int] = defaultdict(int)
    open_ = np.arange(len(tap))
    for lag in range(1, LOOK_BACK + 1):
        open_ = open_[open_ >= lag]
        back = open_ - lag
        same = (wire[back] == wire[open_]) & (time[open_] - time[back] < NEAR_NS)
        open_, back = open_[same], back[same]
        hit = node[back] != node[open_]
        pairs = np.stack((np.minimum(tap[back[hit]], tap[open_[hit]]), np.maximum(tap[back[hit]], tap[open_[hit]])))
        unique, times = np.unique(pairs, axis=1, return_counts=True)
        for a, b, count in zip(*unique, times, strict=True):
            counts[int(a), int(b)] += int(count)
        open_ = open_[~hit]
    cable = np.full(int(tap.max(initial=-1)) + 1, -1, np.int64)
    for (a, b), _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if cable[a] < 0 and cable[b] < 0:
            cable[a] = cable[b] = a
    return cable


def _along_bridges(
    found: NDArray[np.uint8], tap: Rows, node: Rows, time: NDArray[np.int64], wire: U64
) -> NDArray[np.uint8]:
    """Beside a frame received in the same node at the same time: received; before one sent there: sent."""
    near = (wire[1:] == wire[:-1]) & (node[1:] == node[:-1]) & (tap[1:] != tap[:-1])
    for _ in range(2):
        before, after = np.append(False, near), np.append(near, False)
        earlier, later = np.append(UNKNOWN, found[:-1]), np.append(found[1:], UNKNOWN)
        tie = np.append(False, near & (time[1:] == time[:-1]))
        tie_later = np.append(near & (time[1:] == time[:-1]), False)
        open_ = found == UNKNOWN
        received = (tie & (earlier == IN)) | (tie_later & (later == IN))
        sent = ~received & after & (later == OUT)
        received |= ~sent & before & (earlier == IN)
        found = np.where(open_ & received, IN, np.where(open_ & sent, OUT, found)).astype(np.uint8)
    return found


def _as_before(found: NDArray[np.uint8], key: U64) -> NDArray[np.uint8]:
    """Gives open rows the direction that other frames of this address had at this interface, if always the same."""
    keys, number = np.unique(key, return_inverse=True)
    out, into = (np.bincount(number, found == way, len(keys))[number] for way in (OUT, IN))
    open_ = found == UNKNOWN
    return np.where(open_ & (out > 0) & (into == 0), OUT, np.where(open_ & (into > 0) & (out == 0), IN, found)).astype(
        np.uint8
    )
