"""Works through long columns a cache's worth of rows at a time, on all processors at once.

numpy lets the interpreter go while it works on a column, so plain threads are enough. It knows nothing of frames.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

CHUNK = 1 << 16
"""Rows at a time: what is made of them on the way stays in the processor's cache."""
MOST = 4
"""Threads: more of them wait for the interpreter, and for memory."""


def by_chunks(count: int, work: Callable[[slice], T]) -> list[T]:
    """What `work` gives for slices that together cover `count` rows, in their order; several may be worked on at once.

    What `work` raises is raised here.
    """
    parts = [slice(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    threads = min(len(parts), len(os.sched_getaffinity(0)), MOST)
    if threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads, "cnetkit chunks") as pool:
        return list(pool.map(work, parts))
