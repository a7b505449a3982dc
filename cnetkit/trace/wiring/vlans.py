"""Infers from frames alone which interface is a VLAN on which other: the same packet with and without the tag, in one
node.

This applies to interfaces that no topology describes. Other stacked interfaces show their frames unchanged, as a
bridge and its ports do; see inference.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.digests import U64, Rows
from cnetkit.trace.wiring.wiring import Wiring

INNER = np.uint32(0xFFF)
"""The bits of the innermost tag."""


def stacked(wiring: Wiring, tap: Rows, direction: NDArray[np.uint8], inner: U64, vlan: NDArray[np.uint32]) -> Wiring:
    """`wiring` with the interface below each tap whose frames another tap shows with one more tag."""
    if not vlan.any() or bool(wiring.described.all()):
        return wiring
    node = wiring.node[tap]
    rows = np.flatnonzero(~wiring.described[tap] & np.isin(inner, inner[vlan > 0]))
    rows = rows[np.lexsort((rows, direction[rows], node[rows], inner[rows]))]
    first, then = rows[:-1], rows[1:]
    same = (inner[first] == inner[then]) & (node[first] == node[then]) & (direction[first] == direction[then])
    more = vlan[first] > vlan[then]
    plain, tagged = np.where(more, then, first), np.where(more, first, then)
    without = np.where(vlan[tagged] > INNER, vlan[tagged] & INNER, 0)
    same &= (vlan[tagged] > 0) & (vlan[plain] == without)
    plain, tagged = plain[same], tagged[same]
    count = len(wiring.node)
    times = np.bincount(tap[plain] * count + tap[tagged], minlength=count * count).reshape(count, count)
    below, segment = wiring.below.copy(), wiring.segment.copy()
    total = np.bincount(tap, minlength=count)
    for upper in np.flatnonzero(2 * times.sum(axis=1) >= np.maximum(total, 1)):
        below[upper] = int(times[upper].argmax())
        segment[upper] = -1  # the apparent cable between two VLANs goes through the interfaces below
    return replace(wiring, below=below, segment=segment)
