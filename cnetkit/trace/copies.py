"""A packet that a link or a queue doubled: one came in, and the same went out twice, octet for octet.

Only a packet that its sender numbered can be told from another one that merely looks the same.
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.columns import TCP
from cnetkit.trace.pairing import NOTHING, Pairs
from cnetkit.trace.search import Search


def doubled(search: Search) -> Pairs:
    """Frames that were left ambiguous because they are several, while only one could be the parent of them all."""
    rows = np.flatnonzero(search.ambiguous & (search.only >= 0) & (search.parent < 0))
    c, frame = search.columns, search.frame[rows]
    rows = rows[(c.ident[frame] != 0) | (c.protocol[frame] == TCP)]
    return Pairs(search.only[rows].astype(np.int64), rows, NOTHING, NOTHING)
