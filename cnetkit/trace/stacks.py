"""Finds out from frames alone which interface is a VLAN of which: the same packet with the tag and without, in one node.

Like all that is inferred it holds for interfaces that no topology describes. Other stacks show their frames unchanged,
as a bridge and its ports do; see infer.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.identity import U64, Rows
from cnetkit.trace.wiring import Wiring


def stacked(wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], inner: U64, vlan: NDArray[np.uint16]) -> Wiring:
    """`wiring` with the interface below for each tap that shows, without a tag, what another one shows with it."""
    if not vlan.any() or bool(wiring.known.all()):
        return wiring
    node = wiring.node[tap]
    rows = np.flatnonzero(~wiring.known[tap] & np.isin(inner, inner[vlan > 0]))
    rows = rows[np.lexsort((rows, direction[rows], node[rows], inner[rows]))]
    first, then = rows[:-1], rows[1:]
    same = (inner[first] == inner[then]) & (node[first] == node[then]) & (direction[first] == direction[then])
    same &= (vlan[first] > 0) != (vlan[then] > 0)
    plain = np.where(vlan[first] > 0, then, first)[same]
    tagged = np.where(vlan[first] > 0, first, then)[same]
    count = len(wiring.node)
    seen = np.bincount(tap[plain] * count + tap[tagged], minlength=count * count).reshape(count, count)
    below, segment = wiring.below.copy(), wiring.segment.copy()
    total = np.bincount(tap, minlength=count)
    for upper in np.flatnonzero(2 * seen.sum(axis=1) >= np.maximum(total, 1)):
        below[upper] = int(seen[upper].argmax())
        segment[upper] = -1  # what looked like a cable between two VLANs goes over the interfaces below
    return replace(wiring, below=below, segment=segment)
