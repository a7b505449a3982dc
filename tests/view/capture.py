"""A real capture of a published port, with the tags that say which frames are one packet: tests/data/truth."""

from functools import cache
from pathlib import Path

import cnetkit
from cnetkit.trace import Trace

FILE = Path(__file__).resolve().parent.parent / "data" / "truth" / "portmap.pcapng"


@cache
def captured() -> Trace:
    """6,292 frames of 1,327 packets."""
    return cnetkit.load(FILE)
