"""Processes long columns in chunks that fit the processor's cache, on all processors at once.

numpy releases the interpreter lock while it works on a column, so plain threads are enough. Knows nothing about
frames.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from cnetkit.recording.heap import shared_heap

T = TypeVar("T")

CHUNK = 1 << 16
"""Rows at a time: intermediate results stay in the processor's cache."""
MOST = 4
"""Threads: more of them would wait for the interpreter and for memory."""


def by_chunks(count: int, work: Callable[[slice], T], size: int = CHUNK) -> list[T]:
    """The results of `work` for slices of `size` that together cover `count` rows, in their order; several run at
    once.

    Exceptions of `work` are raised here.
    """
    return at_once([partial(work, slice(first, min(first + size, count))) for first in range(0, count, size)])


def at_once(work: Sequence[Callable[[], T]]) -> list[T]:
    """The results of all `work`, several of which run at once. Exceptions are raised here."""
    threads = min(len(work), len(os.sched_getaffinity(0)), MOST)
    if threads < 2:
        return [job() for job in work]
    shared_heap()
    with ThreadPoolExecutor(threads, "cnetkit chunks") as pool:
        return list(pool.map(lambda job: job(), work))
