"""Sorts digests, numbers equal ones, and finds those that occur in two lists. Knows nothing about packets.

numpy sorts 64-bit words much faster than it computes their order (argsort) or looks them up. So the row number is put
into the low bits of its digest, and the words themselves are sorted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Rows = NDArray[np.int64]


def ordered(key: U64) -> tuple[Rows, U64]:
    """The rows sorted by `key`, and their keys. Equal to np.argsort(key, kind="stable") for digests."""
    count = len(key)
    low = np.uint64((1 << count.bit_length()) - 1)
    packed = key & ~low
    packed |= np.arange(count, dtype=np.uint64)
    packed.sort()
    order = (packed & low).view(np.int64)
    sorted_keys = key[order]
    differs = sorted_keys[1:] != sorted_keys[:-1]
    packed &= ~low
    equal_high_bits = packed[1:] == packed[:-1]
    if (differs & equal_high_bits).any():  # digests that differ in the low bits only: sort those rows again
        number = np.cumsum(np.append(False, ~equal_high_bits))
        mixed = np.bincount(number[1:], differs & equal_high_bits) > 0
        rows = np.flatnonzero(mixed[number])
        order[rows] = order[rows][np.argsort(sorted_keys[rows], kind="stable")]
        sorted_keys[rows] = key[order[rows]]
    return order, sorted_keys


def begins(key: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each element of a sorted list is the first of its value."""
    first = np.empty(len(key), np.bool_)
    first[:1] = True
    np.not_equal(key[1:], key[:-1], out=first[1:])
    return first


def group_numbers(key: U64) -> tuple[Rows, Rows]:
    """A number for each row, equal for equal keys and ascending with them; and the first row of each number."""
    order, sorted_keys = ordered(key)
    first = begins(sorted_keys)
    number = np.empty(len(key), np.int64)
    number[order] = np.cumsum(first) - 1
    return number, order[first]


def ranks(key: U64) -> tuple[Rows, Rows, Rows]:
    """For each row: how many equal keys come before it, how many there are, and the number of its run."""
    order, sorted_keys = ordered(key)
    starts = np.flatnonzero(begins(sorted_keys))
    sizes = np.diff(np.append(starts, len(key)))
    number = np.repeat(np.arange(len(starts)), sizes)
    rank, size, run = (np.empty(len(key), np.int64) for _ in range(3))
    rank[order] = np.arange(len(key)) - starts[number]
    size[order], run[order] = sizes[number], number
    return rank, size, run


def possible(left: U64, right: U64) -> Rows:
    """The rows of `left` that may occur in `right`: all that do, and a few more. Only the first bits are compared."""
    shift = np.uint64(64 - len(right).bit_length() - 3)
    there = np.zeros(1 << 64 - int(shift), np.bool_)
    there[(right >> shift).view(np.int64)] = True
    return np.flatnonzero(there[(left >> shift).view(np.int64)])


def contained(left: U64, right: U64) -> NDArray[np.bool_]:
    """Which elements of `left` occur in `right`: fast if `right` is short."""
    result = np.zeros(len(left), np.bool_)
    if len(right):
        rows = possible(left, right)
        result[rows] = np.isin(left[rows], right)
    return result


def shared(left: U64, right: U64) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which elements of `left` occur in `right`, and which of `right` occur in `left`."""
    from_left = possible(left, right)
    from_right = possible(right, left[from_left])
    order, sorted_keys = ordered(np.concatenate((left[from_left], right[from_right])))
    starts = np.flatnonzero(begins(sorted_keys))
    before = np.append(0, np.cumsum(order < len(from_left)))  # how many of `left` come before each position
    ends = np.append(starts[1:], len(sorted_keys))[: len(starts)]
    size, of_left = ends - starts, before[ends] - before[starts]
    both = np.empty(len(sorted_keys), np.bool_)
    both[order] = np.repeat((of_left > 0) & (of_left < size), size)
    in_left, in_right = np.zeros(len(left), np.bool_), np.zeros(len(right), np.bool_)
    in_left[from_left], in_right[from_right] = both[: len(from_left)], both[len(from_left) :]
    return in_left, in_right
