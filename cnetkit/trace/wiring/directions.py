"""Infers the direction of frames, incoming or outgoing, if the capture file does not contain it.

At the two ends of a cable, the sender captures a frame first, and a frame crosses the cable in one direction only.
Packets without a sequence number may be missing at the sender, so they need clearer times. A bridge shows the same as
its ports. A direction that cannot be inferred stays unknown. Frames are joined elsewhere.
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
"""Two frames that are this close show the same packet."""
SLOWER = 4
"""The time between packets must exceed the delay of each by this factor."""


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
    """`direction` with IN or OUT for rows whose direction was unknown. Rows are in the order of time.

    `own` is the MAC address of each row's interface, 0 if unknown; `loops` are rows captured at a loopback interface;
    `slack` is the error in nanoseconds that each row's time may have compared with other clocks.
    """
    unknown = direction == UNKNOWN
    directions = direction.copy()
    looped = np.flatnonzero(unknown & loops)
    directions[looped] = _through_loopback(mix(wire, tap)[looped], tap[looped], numbered[looped])
    directions[(directions == UNKNOWN) & (own != 0) & (own == eth_src)] = OUT
    directions[(directions == UNKNOWN) & (own != 0) & (own == eth_dst)] = IN
    if (tap != tap[:1]).any():
        order = np.argsort(wire, kind="stable")
        place = (tap[order], node[order], time[order], wire[order])
        directions[order] = _along_bridges(
            _along_cables(directions[order], *place, numbered[order], slack[order]), *place
        )
    if (directions == UNKNOWN).all():
        return directions
    unicast = np.flatnonzero((eth_dst >> np.uint64(40)) & np.uint64(1) == 0)
    if len(unicast):
        directions[unicast] = _by_address(directions[unicast], mix(tap[unicast], eth_dst[unicast]))
    return _by_address(
        _by_address(directions, mix(tap, eth_src)), mix(tap, eth_dst)
    )  # a group address is the weakest hint


def _through_loopback(wire: U64, tap: Rows, numbered: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A loopback interface receives what it sends. Some programs record both frames, some (libpcap) only the second.

    Packets with a sequence number show which; without any, the direction stays unknown.
    """
    rank, count, _ = ranks(wire)
    taps = int(tap.max(initial=-1)) + 1
    once, twice = (np.bincount(tap[numbered & (count == times)], minlength=taps)[tap] for times in (1, 2))
    both = (twice > once) & (count % 2 == 0)
    way = np.where(both, np.where(rank % 2 == 0, OUT, IN), np.where(once > twice, IN, UNKNOWN))
    return way.astype(np.uint8)


def _along_cables(
    directions: NDArray[np.uint8],
    tap: Rows,
    node: Rows,
    time: NDArray[np.int64],
    wire: U64,
    numbered: NDArray[np.bool_],
    slack: Rows,
) -> NDArray[np.uint8]:
    """`directions` completed for packets captured at both ends of a cable. If one end's direction is known, so is the
    other's. Else the first frame of a numbered packet was at the sender; for other packets, if their times show the
    sender. Times decide only if they are farther apart than the clocks may be wrong."""
    cable = _cables(tap, node, time, wire)[tap]
    key = mix(wire, cable)
    rows = np.flatnonzero(cable >= 0)
    rows = rows[np.argsort(key[rows], kind="stable")]
    if not len(rows):
        return directions
    begins = np.flatnonzero(np.concatenate(([True], key[rows][1:] != key[rows][:-1])))
    sizes = np.diff(np.append(begins, len(rows)))
    low, high = np.minimum.reduceat(tap[rows], begins), np.maximum.reduceat(tap[rows], begins)
    both = low != high
    four = begins[sizes == 4]  # there and back again: a bridge port in hairpin mode
    back = four[(tap[rows[four]] == tap[rows[four + 3]]) & (tap[rows[four + 1]] == tap[rows[four + 2]])]
    back = back[(time[rows[back + 3]] - time[rows[back]] < PAUSE_NS) & (slack[rows[back]] + slack[rows[back + 1]] == 0)]
    first = numbered[rows[begins]] | np.isin(begins, back)
    by_times = -1 if first.all() else _senders(tap[rows], time[rows], begins, sizes)
    sender = np.where(first, tap[rows[begins]], by_times)
    if slack.any():
        there = np.where(tap[rows] == np.repeat(tap[rows[begins]], sizes), 1 << 62, time[rows] - slack[rows])
        apart = np.minimum.reduceat(there, begins) > (time + slack)[rows[begins]]
        exact = first & (np.maximum.reduceat(slack[rows], begins) == 0)
        sender = np.where(exact | apart, sender, -1)
    sender_if_known = np.where(directions[rows] == OUT, tap[rows], np.repeat(low + high, sizes) - tap[rows])
    is_known = directions[rows] != UNKNOWN
    least = np.minimum.reduceat(np.where(is_known, sender_if_known, 1 << 62), begins)
    sender = np.where(least == np.maximum.reduceat(np.where(is_known, sender_if_known, -1), begins), least, sender)
    inferred = np.where(tap[rows] == np.repeat(sender, sizes), OUT, IN).astype(np.uint8)
    inferred[back + 2], inferred[back + 3] = OUT, IN
    open_ = np.repeat(both & (sender >= 0), sizes) & (directions[rows] == UNKNOWN)
    directions[rows[open_]] = inferred[open_]
    return directions


def _senders(tap: Rows, time: NDArray[np.int64], begins: Rows, sizes: Rows) -> Rows:
    """For each run of rows that two taps show, the sender's tap; or -1 if it may be either.

    If the same packet is sent repeatedly, it takes less time from the sender to the receiver than until the next one.
    If the second tap has no frame before the first one's, it may not have been captured yet.
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
    with np.errstate(divide="ignore", invalid="ignore"):  # geometric means; NaN if the packet never passed this way
        usual = np.exp(np.bincount(2 * group[turn] + away, took, 2 * len(begins)).reshape(-1, 2) / turns)
    second = np.minimum.reduceat(np.where(tap == first[group], taps, tap), begins) % taps
    alone = since[second] >= time[begins]  # the second tap may not have been captured yet
    once = (turns[:, 1] == 0) & (~alone | (until[first] >= time[ends]) | (usual[:, 0] <= AT_ONCE_NS))
    sender = np.where(once | (SLOWER * usual[:, 0] < usual[:, 1]), first, -1)
    turned = (SLOWER * usual[:, 1] < usual[:, 0]) & alone & (turns >= 2).all(axis=1)
    sender[turned] = second[turned]
    return sender


def _cables(tap: Rows, node: Rows, time: NDArray[np.int64], wire: U64) -> Rows:
    """For each tap the number of its cable, or -1: taps of two nodes that most often show the same octets in turn, and of
    equals those between which packets take the most even time. So an unseen way in between is not taken for a cable."""
    counts: dict[tuple[int, int], int] = defaultdict(int)
    spread: dict[tuple[int, int], int] = defaultdict(int)
    taps = int(tap.max(initial=-1)) + 1
    open_ = np.arange(len(tap))
    for lag in range(1, LOOK_BACK + 1):
        open_ = open_[open_ >= lag]
        back = open_ - lag
        same = (wire[back] == wire[open_]) & (time[open_] - time[back] < NEAR_NS)
        open_, back = open_[same], back[same]
        hit = node[back] != node[open_]
        way, number = np.unique(tap[back[hit]] * taps + tap[open_[hit]], return_inverse=True)
        took = (time[open_] - time[back])[hit]
        least, most = np.full(len(way), 1 << 62), np.zeros(len(way), np.int64)
        np.minimum.at(least, number, took)
        np.maximum.at(most, number, took)
        for one, count, uneven in zip(way.tolist(), np.bincount(number).tolist(), (most - least).tolist(), strict=True):
            pair = min(one // taps, one % taps), max(one // taps, one % taps)
            counts[pair] += count
            spread[pair] = max(spread[pair], uneven)
        open_ = open_[~hit]
    cable = np.full(taps, -1, np.int64)
    for a, b in sorted(counts, key=lambda pair: (-counts[pair], spread[pair], pair)):
        if cable[a] < 0 and cable[b] < 0:
            cable[a] = cable[b] = a
    return cable


def _along_bridges(
    directions: NDArray[np.uint8], tap: Rows, node: Rows, time: NDArray[np.int64], wire: U64
) -> NDArray[np.uint8]:
    """A frame at the same time as one received in the same node was received; a frame before one sent there was sent."""
    near = (wire[1:] == wire[:-1]) & (node[1:] == node[:-1]) & (tap[1:] != tap[:-1])
    for _ in range(2):
        before, after = np.append(False, near), np.append(near, False)
        earlier, later = np.append(UNKNOWN, directions[:-1]), np.append(directions[1:], UNKNOWN)
        tie = np.append(False, near & (time[1:] == time[:-1]))
        tie_later = np.append(near & (time[1:] == time[:-1]), False)
        open_ = directions == UNKNOWN
        received = (tie & (earlier == IN)) | (tie_later & (later == IN))
        sent = ~received & after & (later == OUT)
        received |= ~sent & before & (earlier == IN)
        directions = np.where(open_ & received, IN, np.where(open_ & sent, OUT, directions)).astype(np.uint8)
    return directions


def _by_address(directions: NDArray[np.uint8], key: U64) -> NDArray[np.uint8]:
    """Rows of unknown direction get that of other frames with this key at this interface, if it is always the same."""
    keys, number = np.unique(key, return_inverse=True)
    out, into = (np.bincount(number, directions == way, len(keys))[number] for way in (OUT, IN))
    open_ = directions == UNKNOWN
    return np.where(
        open_ & (out > 0) & (into == 0), OUT, np.where(open_ & (into > 0) & (out == 0), IN, directions)
    ).astype(np.uint8)
