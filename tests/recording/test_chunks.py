"""Long columns are processed in chunks; nothing is lost or moved."""

from __future__ import annotations

import numpy as np
import pytest

from cnetkit.recording.chunks import CHUNK, by_chunks


@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 1, 5 * CHUNK - 1])
def test_chunks_cover_every_row_once_in_order(count):
    captured = by_chunks(count, lambda part: np.arange(part.start, part.stop))
    assert np.array_equal(np.concatenate([np.zeros(0, int), *captured]), np.arange(count))


def test_an_exception_in_one_chunk_is_raised():
    with pytest.raises(ZeroDivisionError):
        by_chunks(3 * CHUNK, lambda part: 1 // (part.start - CHUNK))
