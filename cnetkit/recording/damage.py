"""Finds the next sound record of a classic pcap file after a damaged place.

A packet may contain a capture file itself, so a few records that follow each other prove nothing: they must lead
farther than any packet reaches, or to the end of the file. Packets are read elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

LONGEST = 1 << 26
"""No tool writes longer packets: a larger length means damage."""
USUAL = 1 << 18
"""The most octets that tools capture of a packet by default (tcpdump(8), -s)."""
REACH = 1 << 16
"""Octets; longer than an IP packet, and so than anything inside one."""
STRETCH, MARGIN, DAY = 1 << 22, 1 << 20, 86400
"""Octets examined at a time, and beyond them; seconds."""


def likely_records(data: NDArray[np.uint8], order: str, at: Places, ticks: int) -> NDArray[np.bool_]:
    """Which places look like a record's header: less than a second in its ticks, and no more captured than the
    original length."""
    if not len(at):
        return np.zeros(0, np.bool_)
    word = _words(data, order)
    part, captured, length = (word[at + offset] for offset in (4, 8, 12))
    likely: NDArray[np.bool_] = (part < ticks) & (captured <= length) & (length <= LONGEST) & (length > 0)
    return likely


def cut_off(data: NDArray[np.uint8], order: str, at: int, ticks: int) -> bool:
    """Whether the record at `at` looks sound but the file ends inside it: then no record follows."""
    if at > len(data) - 16 or not likely_records(data, order, np.array([at]), ticks)[0]:
        return at > len(data) - 16
    captured = int(_words(data, order)[at + 8])
    return captured <= USUAL and at + 16 + captured > len(data)


def record_after(data: NDArray[np.uint8], order: str, at: int, ticks: int, second: int | None) -> int:
    """The next place from `at` where a record begins that leads to others over REACH octets, or to the end; else the
    end.

    Consecutive times must be within a day of each other, and of `second`, the last one that was read.
    """
    end, word = len(data), _words(data, order)
    for first in range(at, end - 16, STRETCH):
        after = _followers(data, order, first, min(first + STRETCH + MARGIN, end), ticks)
        size, cut = len(after) - 2, len(after) - 1
        place = np.flatnonzero(after[: min(STRETCH, size)] > np.arange(min(STRETCH, size)))
        if second is not None:
            place = place[np.abs(word[first + place].astype(np.int64) - second) < DAY]
        here = place
        for _ in range(2):  # it must lead at least this far in any case
            then = after[here]
            good = ((after[then] > then) & (then != cut)) | (then == size)
            place, here = place[good], then[good]
        if not len(place):
            continue
        for _ in range((REACH // 16).bit_length()):  # doubles the number of records each time
            after = after[after]
        place = place[(after[place] - place >= REACH) | (after[place] >= size)]
        if len(place):
            return first + int(place[0])
    return end


def _followers(data: NDArray[np.uint8], order: str, first: int, last: int, ticks: int) -> Places:
    """For each place in a stretch the place after the record there, or itself if there is none; counted from `first`.

    A record that ends beyond the stretch leads to the last place but one; a record that the end of the file truncates,
    to the last.
    """
    end, word = len(data), _words(data, order)
    place = first + np.flatnonzero(
        word[first + 4 : min(last, end - 16) + 4] < ticks
    )  # few remain to be examined closely
    place = place[likely_records(data, order, place, ticks)]
    captured = word[place + 8].astype(np.int64)
    after = place + 16 + captured
    good = captured <= USUAL
    inside = np.flatnonzero(after <= end - 16)
    good[inside] &= np.abs(word[after[inside]].astype(np.int64) - word[place[inside]]) < DAY
    size = last - first
    cut = (after > end - 16) & (after != end)
    next_place = np.arange(size + 2)
    next_place[place[good] - first] = np.where(cut[good], size + 1, np.minimum(after[good] - first, size))
    return next_place


def _words(data: NDArray[np.uint8], order: str) -> NDArray[np.uint32]:
    """The 32-bit word at every octet."""
    return np.ndarray((max(len(data) - 3, 0),), order + "u4", data.data, 0, (1,))
