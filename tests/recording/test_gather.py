"""A digest depends on the octets only, wherever they are in a buffer, and on nothing around them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from cnetkit.recording.gather import BLOCK, ROWS, Bytes, digest


def digest_at(before: bytes, octets: bytes, after: bytes) -> int:
    data = np.frombuffer(before + octets + after, np.uint8)
    return int(digest(Bytes(data), np.array([len(before)]), np.array([len(octets)]))[0])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=5 * BLOCK), st.binary(max_size=20), st.binary(max_size=20))
def test_equal_octets_have_equal_digests_wherever_they_are(octets, before, after):
    assert digest_at(before, octets, after) == digest_at(b"", octets, b"\xff" * 16)


@pytest.mark.parametrize("size", [1, 8, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_each_bit_counts(size):
    octets = np.random.default_rng(size).bytes(size)
    others = [bytes((*octets[:at], octets[at] ^ 1 << bit, *octets[at + 1 :])) for at in range(size) for bit in range(8)]
    result = {digest_at(b"abc", item, b"") for item in (octets, *others)}
    assert len(result) == 8 * size + 1


@pytest.mark.parametrize("size", [16, BLOCK + 16])
def test_changes_in_several_words_do_not_cancel_out(size):
    octets = np.frombuffer(np.random.default_rng(7).bytes(size), "<u8")
    flips = [np.uint64(1) << np.uint64(bit) for bit in (0, 1, 30, 31, 32, 62, 63)]
    pairs = [(item, another) for item in range(size // 8) for another in range(item)]
    result = set()
    for item, another in pairs:
        for flip in flips:
            for also in flips:
                changed = octets.copy()
                changed[item] ^= flip
                changed[another] ^= also
                result.add(digest_at(b"", changed.tobytes(), b""))
    assert len(result) == len(pairs) * len(flips) ** 2


def test_the_order_of_words_counts():
    words = [bytes([n]) * 8 for n in range(16)]
    assert digest_at(b"", b"".join(words), b"") != digest_at(b"", b"".join([words[1], words[0], *words[2:]]), b"")
    assert digest_at(b"", b"".join(words), b"") != digest_at(b"", b"".join(words[8:] + words[:8]), b"")


def test_many_rows_are_digested_as_each_alone():
    numbers = np.random.default_rng(3)
    data = numbers.integers(0, 256, 40_000, dtype=np.uint8)
    length = numbers.integers(0, 4 * BLOCK, ROWS + 100)
    at = numbers.integers(0, len(data) - length)
    at[-1], length[-1] = len(data) - 3 * BLOCK - 1, 3 * BLOCK + 1  # to the end of the buffer
    together, source = digest(Bytes(data), at, length), Bytes(data)
    alone = [int(digest(source, at[n : n + 1], length[n : n + 1])[0]) for n in range(0, len(at), 97)]
    assert together[::97].tolist() == alone
    assert int(together[-1]) == digest_at(b"", data[at[-1] :].tobytes(), b"")


def test_a_buffer_may_begin_anywhere_in_memory():
    octets = np.random.default_rng(1).integers(0, 256, 300, dtype=np.uint8)
    expected = digest_at(b"", octets.tobytes(), b"")
    for shift in range(8):
        room = np.empty(shift + 300, np.uint8)
        room[shift:] = octets
        assert int(digest(Bytes(room[shift:]), np.array([0]), np.array([300]))[0]) == expected
