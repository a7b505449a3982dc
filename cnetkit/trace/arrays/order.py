"""Sorts digests, and what follows from that: numbers for equal ones, and which occur in two lists.

numpy sorts 64-bit words many times faster than it finds the order of them or looks them up. So the row's number is put
into the low bits of its digest, and the words are sorted. It knows nothing of packets.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Rows = NDArray[np.int64]


def ordered(key: U64) -> tuple[Rows, U64]:
    """The rows by `key`, equal ones as they stand, and their keys: np.argsort(key, kind="stable") for digests."""
    count = len(key)
    low = np.uint64((1 << count.bit_length()) - 1)
    packed = key & ~low
    packed |= np.arange(count, dtype=np.uint64)
    packed.sort()
    order = (packed & low).view(np.int64)
    found = key[order]
    unlike = found[1:] != found[:-1]
    packed &= ~low
    alike = packed[1:] == packed[:-1]
    if (unlike & alike).any():  # digests that differ in the low bits only: those rows are sorted as they are
        number = np.cumsum(np.append(False, ~alike))
        mixed = np.bincount(number[1:], unlike & alike) > 0
        rows = np.flatnonzero(mixed[number])
        order[rows] = order[rows][np.argsort(found[rows], kind="stable")]
        found[rows] = key[order[rows]]
    return order, found


def begins(key: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each element of a sorted list is the first of its kind."""
    first = np.empty(len(key), np.bool_)
    first[:1] = True
    np.not_equal(key[1:], key[:-1], out=first[1:])
    return first


def numbered(key: U64) -> tuple[Rows, Rows]:
    """A number for each row, the same for equal keys and ascending with them; and the first row of each number."""
    order, found = ordered(key)
    first = begins(found)
    number = np.empty(len(key), np.int64)
    number[order] = np.cumsum(first) - 1
    return number, order[first]


def ranks(key: U64) -> tuple[Rows, Rows, Rows]:
    """For each row: how many equal keys stand before it, how many there are, and the number of its run."""
    order, found = ordered(key)
    starts = np.flatnonzero(begins(found))
    sizes = np.diff(np.append(starts, len(key)))
    number = np.repeat(np.arange(len(starts)), sizes)
    rank, size, run = (np.empty(len(key), np.int64) for _ in range(3))
    rank[order] = np.arange(len(key)) - starts[number]
    size[order], run[order] = sizes[number], number
    return rank, size, run


def possible(one: U64, other: U64) -> Rows:
    """The rows of `one` that may have an equal in `other`: all that have, and a few more; the first bits are compared."""
    shift = np.uint64(64 - len(other).bit_length() - 3)
    there = np.zeros(1 << 64 - int(shift), np.bool_)
    there[(other >> shift).view(np.int64)] = True
    return np.flatnonzero(there[(one >> shift).view(np.int64)])


def shared(one: U64, other: U64) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of `one` are in `other`, and which of `other` are in `one`."""
    mine = possible(one, other)
    its = possible(other, one[mine])
    order, found = ordered(np.concatenate((one[mine], other[its])))
    starts = np.flatnonzero(begins(found))
    before = np.append(0, np.cumsum(order < len(mine)))  # how many of `one` stand before each place
    ends = np.append(starts[1:], len(found))[: len(starts)]
    size, of_one = ends - starts, before[ends] - before[starts]
    both = np.empty(len(found), np.bool_)
    both[order] = np.repeat((of_one > 0) & (of_one < size), size)
    left, right = np.zeros(len(one), np.bool_), np.zeros(len(other), np.bool_)
    left[mine], right[its] = both[: len(mine)], both[len(mine) :]
    return left, right
