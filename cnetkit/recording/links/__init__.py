"""Link headers before the network header, one family per file; and the names of the types that are not decoded.

Each reader fills the link's columns for its rows and returns where their network headers begin. To add a link type: a
reader and a line in LINKS. Source: https://www.tcpdump.org/linktypes.html.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cnetkit.recording.gather import I64, Bytes
from cnetkit.recording.links.chunk import Chunk as Chunk, Inner as Inner
from cnetkit.recording.links.cooked import cooked
from cnetkit.recording.links.ethernet import ethernet as ethernet
from cnetkit.recording.links.nflog import nflog
from cnetkit.recording.links.ppp import cisco, ppp
from cnetkit.recording.links.raw import raw
from cnetkit.recording.links.wifi import avs, radiotap, wifi

Reader = Callable[[Chunk, Bytes, I64, I64, I64], Inner]
"""Takes the columns, the octets, the rows, and where each frame of the chunk begins and ends."""

LINKS: dict[int, Reader] = {
    1: ethernet,
    **dict.fromkeys((101, 12, 14, 228, 229), partial(raw, skip=0)),
    **dict.fromkeys((0, 108), partial(raw, skip=4)),
    113: partial(cooked, kind=14, packet=1, address=6, size=16),
    276: partial(cooked, kind=0, packet=10, address=12, size=20),
    **dict.fromkeys((9, 50), partial(ppp, skip=0)),
    51: partial(ppp, skip=6),
    204: partial(ppp, skip=1),
    104: cisco,
    239: nflog,
    105: wifi,
    127: radiotap,
    163: avs,
}
"""The reader of each link type."""
