"""Duplicated packets: one came in, and the same packet went out twice, octet for octet.

Applies only to a packet that carries a number from its sender and was sent once; else two packets may look the same.
"""

from __future__ import annotations

import numpy as np

from cnetkit.trace.arrays.digests import mix
from cnetkit.trace.pairing.pairs import NO_PAIRS, NOTHING, Pairs
from cnetkit.trace.steps.search import Search
from cnetkit.trace.steps.step import Step, Wanted
from cnetkit.trace.steps.uncaptured import DEEPEST


def doubled(search: Search) -> Pairs:
    """Frames that were ambiguous because there are several, although only one frame could be the parent of all of
    them."""
    rows = np.flatnonzero(search.ambiguous & (search.only >= 0) & (search.parent < 0))
    rows = rows[search.columns.ident[search.frame[rows]] != 0]
    if not len(rows):
        return NO_PAIRS
    root = search.only[rows].astype(np.int64)
    for _ in range(DEEPEST):
        root = np.where(search.parent[root] >= 0, search.parent[root], root)
    identity = search.identity
    key = mix(identity.packet, identity.ends, search.tap, search.direction)
    keys, count = np.unique(key[np.isin(key, key[root])], return_counts=True)
    once = count[np.searchsorted(keys, key[root])] == 1
    return Pairs(search.only[rows[once]].astype(np.int64), rows[once], NOTHING, NOTHING)


COPY = Step(
    "copy",
    doubled,
    "was doubled, and seen again at {here}",
    (Wanted.FRAMES,),
    shown=("order", "one such packet came in, and several went out: a copy"),
)
