"""Keeps memory while long columns come and go: a page given back and asked for again is cleared by the kernel each time.

On a virtual machine that costs more than the work on the columns. Only glibc is told; elsewhere nothing changes but the
time it takes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""malloc.h; mallopt(3)"""
MOST = (1 << 31) - 1
USUAL = 4 * 1024 * 1024 * ctypes.sizeof(ctypes.c_long)
"""To where the threshold climbs by itself once large blocks were freed: DEFAULT_MMAP_THRESHOLD_MAX in malloc.c."""
LEAST = 100_000
"""Rows; the columns of fewer are too small to matter."""


@cache
def one_heap() -> None:
    """Lets threads that begin later share one heap: of one's own, each would keep what no other can use."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)


@contextmanager
def kept_memory(rows: int) -> Iterator[None]:
    """While this is open, what is freed stays with the process; afterwards what is unused is given back.

    `rows` is the length of the columns that are worked on: for few nothing is done.
    """
    libc = ctypes.CDLL(None)
    if rows < LEAST or not hasattr(libc, "mallopt"):
        yield
        return
    libc.mallopt(M_MMAP_THRESHOLD, MOST)
    libc.mallopt(M_TRIM_THRESHOLD, MOST)
    try:
        yield
    finally:
        libc.mallopt(M_MMAP_THRESHOLD, USUAL)
        libc.mallopt(M_TRIM_THRESHOLD, 2 * USUAL)
        libc.malloc_trim(0)
