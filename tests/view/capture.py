"""A real capture of a published port, with the tags that say which frames are one packet: tests/data/truth."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import cnetkit
from cnetkit.trace import Trace

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "data" / "truth" / "portmap.pcapng"


@cache
def captured() -> Trace:
    """6,292 frames of 1,327 packets."""
    return cnetkit.load(FILE)


def with_hash_seed(seed, program):
    """What a program writes in a process of its own with this PYTHONHASHSEED."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=True)
    return done.stdout
