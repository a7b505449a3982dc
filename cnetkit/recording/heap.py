"""Keeps freed memory in the process while long columns come and go, because the kernel clears each page it hands out.

On a virtual machine that costs more than the work on the columns. Only for glibc; elsewhere only the time differs.
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
"""The limit to which the threshold rises by itself when large blocks are freed: DEFAULT_MMAP_THRESHOLD_MAX in
malloc.c."""
LEAST = 100_000
"""Rows; shorter columns are too small to matter."""


@cache
def shared_heap() -> None:
    """Makes threads that start later share one heap: memory in a heap of their own could not be reused by others."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)


@contextmanager
def kept_memory(rows: int) -> Iterator[None]:
    """While this is open, freed memory stays with the process; afterwards unused memory is returned.

    `rows` is the length of the columns that are processed; for few rows nothing is done.
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
