"""Finds out which frames went out and which came in, where a capture file does not say.

Of the two ends of a cable the sender sees a frame first, and its bytes cross it one way only. A bridge sees what its
ports do. What stays open is left as it is. It joins no frame.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN, OUT, UNKNOWN
from cnetkit.trace.identity import U64, Rows, mix
from cnetkit.trace.order import ranks

LOOK_BACK = 8
NEAR_NS = 1_000_000_000


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
) -> NDArray[np.uint8]:
    """`direction` with IN or OUT for rows that had neither. Rows are in the order of time.

    `own` is the MAC address of each row's interface, 0 where it is not known; `loops` are rows seen at a loopback.
    """
    unknown = direction == UNKNOWN
    if not unknown.any():
        return direction
    found = direction.copy()
    looped = np.flatnonzero(unknown & loops)
    found[looped] = _through_loopback(mix(wire, tap)[looped], tap[looped], numbered[looped])
    found[(found == UNKNOWN) & (own != 0) & (own == eth_src)] = OUT
    order = np.argsort(wire, kind="stable")
    place = (tap[order], node[order], time[order], wire[order])
    found[order] = _along_bridges(_along_cables(found[order], *place), *place)
    return _as_before(_as_before(found, mix(tap, eth_dst)), mix(tap, eth_src))


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
    found: NDArray[np.uint8], tap: Rows, node: Rows, time: NDArray[np.int64], wire: U64
) -> NDArray[np.uint8]:
    cable = _cables(tap, node, time, wire)[tap]
    key = mix(wire, cable)
    rows = np.flatnonzero(cable >= 0)
    rows = rows[np.argsort(key[rows], kind="stable")]
    if not len(rows):
        return found
    begins = np.flatnonzero(np.concatenate(([True], key[rows][1:] != key[rows][:-1])))
    sizes = np.diff(np.append(begins, len(rows)))
    sender = np.repeat(tap[rows[begins]], sizes)
    both = np.repeat(np.minimum.reduceat(tap[rows], begins) != np.maximum.reduceat(tap[rows], begins), sizes)
    told = np.where(tap[rows] == sender, OUT, IN).astype(np.uint8)
    four = begins[sizes == 4]  # over there and back again: a port of a bridge in hairpin mode
    back = four[(tap[rows[four]] == tap[rows[four + 3]]) & (tap[rows[four + 1]] == tap[rows[four + 2]])]
    told[back + 2], told[back + 3] = OUT, IN
    open_ = both & (found[rows] == UNKNOWN)
    found[rows[open_]] = told[open_]
    return found


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
