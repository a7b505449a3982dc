"""Tunnels: packets inside of packets, one encapsulation a file. A new one is a file, one import and one line below.

Each file has NAME, as Wireshark calls the protocol, and `find`, which takes packets and gives those inside.
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, U64, Bytes
from cnetkit.recording.protocols import UDP
from cnetkit.recording.tunnels import erspan, geneve, gre, gtp, ipip, l2tp, vxlan
from cnetkit.recording.tunnels.inside import Inside as Inside, Outside

READERS = (vxlan, gre, geneve, ipip, erspan, gtp, l2tp)
TUNNELS = ("", *(one.NAME for one in READERS))
"""What the numbers in `Columns.tunnel` mean."""


def tunnels(source: Bytes, rows: I64, at: I64, protocol: I64, first: U64, end: I64) -> list[Inside]:
    """The packets inside of these."""
    port = np.where(protocol == UDP, (first >> np.uint64(32)) & np.uint64(0xFFFF), np.uint64(0)).astype(np.int64)
    outside = Outside(source, rows, at, protocol, port, first, end)
    found = ((number, one.find(outside)) for number, one in enumerate(READERS, 1))
    return [Inside(number, *packets) for number, packets in found if packets is not None]
