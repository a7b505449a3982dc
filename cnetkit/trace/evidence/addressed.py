"""Which frames an interface ignores because they have another MAC address than its own."""

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
    return ignored
