"""Works through long columns a cache's worth of rows at a time, on all processors at once.

numpy lets the interpreter go while it works on a column, so plain threads are enough. It knows nothing of frames.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from cnetkit.recording.heap import one_heap

T = TypeVar("T")

CHUNK = 1 << 16
"""Rows at a time: what is made of them on the way stays in the processor's cache."""
MOST = 4
"""Threads: more of them wait for the interpreter, and for memory."""


def by_chunks(count: int, work: Callable[[slice], T], size: int = CHUNK) -> list[T]:
    """What `work` gives for slices of `size` that together cover `count` rows, in their order; several at once.

    What `work` raises is raised here.
    """
    return at_once([partial(work, slice(first, min(first + size, count))) for first in range(0, count, size)])


def at_once(work: Sequence[Callable[[], T]]) -> list[T]:
    """What each of `work` gives; several may be worked on at once. What one of them raises is raised here."""
    threads = min(len(work), len(os.sched_getaffinity(0)), MOST)
    if threads < 2:
        return [one() for one in work]
    one_heap()
    with ThreadPoolExecutor(threads, "cnetkit chunks") as pool:
        return list(pool.map(lambda one: one(), work))
