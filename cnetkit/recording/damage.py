"""Finds where the records of a classic pcap file go on behind damage.

What a packet carries may itself be a capture file, so a few records that follow one another prove nothing: they have to
lead farther than any packet reaches, or to the end of the file. It reads no packet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

LONGEST = 1 << 26
"""No packet of any tool is longer: a length above it is taken for damage."""
USUAL = 1 << 18
"""Octets that tools capture of a packet at most, unless they are told otherwise (tcpdump(8), -s)."""
REACH = 1 << 16
"""Octets; longer than an IP packet, and so than what one may carry."""
STRETCH, MARGIN, DAY = 1 << 22, 1 << 20, 86400
"""Octets looked through at a time, and beyond them; seconds."""


def likely_records(data: NDArray[np.uint8], order: str, at: Places, ticks: int) -> NDArray[np.bool_]:
    """Which places look like a record's header: less than a second in its ticks, no more captured than there was."""
    if not len(at):
        return np.zeros(0, np.bool_)
    word = _words(data, order)
    part, captured, length = (word[at + offset] for offset in (4, 8, 12))
    likely: NDArray[np.bool_] = (part < ticks) & (captured <= length) & (length <= LONGEST) & (length > 0)
    return likely


def cut_off(data: NDArray[np.uint8], order: str, at: int, ticks: int) -> bool:
    """Whether the record at `at` looks sound, but the file ends in it: then none comes after it."""
    if at > len(data) - 16 or not likely_records(data, order, np.array([at]), ticks)[0]:
        return at > len(data) - 16
    captured = int(_words(data, order)[at + 8])
    return captured <= USUAL and at + 16 + captured > len(data)


def record_after(data: NDArray[np.uint8], order: str, at: int, ticks: int, second: int | None) -> int:
    """Where from `at` on a record begins that leads to others over REACH octets, or to the end; else the end.

    Their times are within a day of each other, one to the next, and of `second`, the last one that was read.
    """
    end, word = len(data), _words(data, order)
    for first in range(at, end - 16, STRETCH):
        after = _followers(data, order, first, min(first + STRETCH + MARGIN, end), ticks)
        size, cut = len(after) - 2, len(after) - 1
        place = np.flatnonzero(after[: min(STRETCH, size)] > np.arange(min(STRETCH, size)))
        if second is not None:
            place = place[np.abs(word[first + place].astype(np.int64) - second) < DAY]
        here = place
        for _ in range(2):  # so far it must lead at least, whatever comes then
            then = after[here]
            good = ((after[then] > then) & (then != cut)) | (then == size)
            place, here = place[good], then[good]
        if not len(place):
            continue
        for _ in range((REACH // 16).bit_length()):  # each time twice as many records on
            after = after[after]
        place = place[(after[place] - place >= REACH) | (after[place] >= size)]
        if len(place):
            return first + int(place[0])
    return end


def _followers(data: NDArray[np.uint8], order: str, first: int, last: int, ticks: int) -> Places:
    """For each place in a stretch the one behind the record there, or itself where none is; counted from `first`.

    What lies beyond the stretch leads to its end, the last but one; what the end of the file cuts off, to the last.
    """
    end, word = len(data), _words(data, order)
    place = first + np.flatnonzero(word[first + 4 : min(last, end - 16) + 4] < ticks)  # few are left to look at closely
    place = place[likely_records(data, order, place, ticks)]
    captured = word[place + 8].astype(np.int64)
    after = place + 16 + captured
    good = captured <= USUAL
    inside = np.flatnonzero(after <= end - 16)
    good[inside] &= np.abs(word[after[inside]].astype(np.int64) - word[place[inside]]) < DAY
    size = last - first
    cut = (after > end - 16) & (after != end)
    found = np.arange(size + 2)
    found[place[good] - first] = np.where(cut[good], size + 1, np.minimum(after[good] - first, size))
    return found


def _words(data: NDArray[np.uint8], order: str) -> NDArray[np.uint32]:
    """The 32-bit word at every octet."""
    return np.ndarray((max(len(data) - 3, 0),), order + "u4", data.data, 0, (1,))
