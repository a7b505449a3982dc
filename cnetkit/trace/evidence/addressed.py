"""Which frames an interface ignores because they are for another host, and which came in by loopback, for the node itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN
from cnetkit.trace.evidence.case import Case


def for_another(case: Case) -> NDArray[np.bool_]:
    """Frames that came in with another MAC address than the interface's, as flooded ones do: the interface ignores them."""
    joined, c, tap = case.joined, case.joined.columns, case.recording.frames.tap
    address = joined.wiring.address[tap]
    target = np.where(c.depth > 0, c.outer_eth_dst, c.eth_dst)
    group = (target >> np.uint64(40)) & np.uint64(1) == 1
    port = (joined.wiring.bridge >= 0)[tap] & ~joined.wiring.is_bridge[tap]
    ignored: NDArray[np.bool_] = (joined.direction == IN) & (address > 0) & (target > 0) & (target != address)
    ignored &= ~group & ~port
    ignored |= c.for_other
    return ignored


def looped(case: Case) -> NDArray[np.bool_]:
    """Frames that came in at the loopback interface for its own node: 127.0.0.0/8, ::1 (RFC 1122, RFC 4291)."""
    joined, c, frames = case.joined, case.joined.columns, case.recording.frames
    lo = np.array([tap.interface == "lo" for tap in frames.taps], np.bool_)[frames.tap]
    source, target = (
        _loopback(c.version, high, low) for high, low in ((c.src_high, c.src_low), (c.dst_high, c.dst_low))
    )
    at_lo: NDArray[np.bool_] = (joined.direction == IN) & (c.depth == 0) & target & (lo | source)
    return at_lo


def _loopback(version: NDArray[np.uint8], high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.bool_]:
    four: NDArray[np.bool_] = (version == 4) & (low >> np.uint64(24) == 127)
    six: NDArray[np.bool_] = (version == 6) & (high == 0) & (low == 1)
    return four | six
