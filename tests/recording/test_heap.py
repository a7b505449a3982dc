"""Memory used for long columns is returned when the work is done."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource
import numpy as np
from cnetkit.recording.heap import LEAST, kept_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

def work():
    before = faults()
    for _ in range(20):
        np.arange(LEAST * 3)
    return faults() - before

before = resident()
plain = work()
with kept_memory(LEAST):
    work()
    kept = work()
    big = [np.ones(LEAST * 10) for _ in range(10)]
    del big
print(plain, kept, resident() - before)
"""


def test_pages_stay_while_it_is_open_and_go_afterwards():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    plain, kept, grown = map(int, done.stdout.split())
    assert kept < plain / 10
    assert grown < 20_000_000


HEAPS = """
import ctypes, sys
import numpy as np
from cnetkit.recording.chunks import by_chunks

if len(sys.argv) > 1:
    import cnetkit.recording.chunks as chunks
    chunks.shared_heap = lambda: None
by_chunks(64, lambda part: [np.ones(3000) for _ in range(20)], 1)
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
out = libc.fopen(b"/dev/stdout", b"w")
libc.malloc_info(0, ctypes.c_void_p(out))
libc.fclose(ctypes.c_void_p(out))
"""


def test_threads_share_one_heap():
    shared, apart = (
        subprocess.run([sys.executable, "-c", HEAPS, *more], capture_output=True, text=True, check=True).stdout
        for more in ([], ["apart"])
    )
    assert shared.count("<heap nr=") == 1
    assert apart.count("<heap nr=") > 1
