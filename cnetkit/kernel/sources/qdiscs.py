"""How many packets traffic control dropped at each interface. Sources: tc(8), linux/rtnetlink.h, linux/gen_stats.h.

A qdisc at the root counts what its classes and children dropped; ingress and clsact count what their filters dropped.
"""

from __future__ import annotations

import struct

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack

_PLACES = {nl.TC_H_ROOT: "qdisc_drops", nl.TC_H_INGRESS: "tc_drops"}


def dump(stack: Stack, names: Names) -> dict[str, int]:
    """The counters that are not 0: `eth0.qdisc_drops` by its queue, `eth0.tc_drops` by filters (`tc filter ... drop`)."""
    counters: dict[str, int] = {}
    for body in stack.netlink.dump(nl.RTM_GETQDISC, bytes(20)):
        index, _, parent = struct.unpack_from("=xxxxiII", body)
        statistics = attributes(attributes(body, 20).get(nl.TCA_STATS2, b""))
        queue = statistics.get(nl.TCA_STATS_QUEUE, b"")
        if parent in _PLACES and len(queue) >= 12 and (drops := struct.unpack_from("=8xI", queue)[0]):
            counters[f"{names[index]}.{_PLACES[parent]}"] = drops
    return counters
