"""Packets that the destination node drops: not taken as IP, or without a socket."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence
from cnetkit.recording.frames import IN
from cnetkit.recording.protocols import UDP
from cnetkit.trace.causes.cause import Cause, around, grown, moved
from cnetkit.trace.evidence.case import Case

Flags = NDArray[np.bool_]
RECEIVED = "Ip.InReceives"


def before_ip(case: Case, frame: int) -> Cause | None:
    """Its node counted no IPv4 packet at all (net/ipv4/ip_input.c): something between the interface and IP dropped it."""
    c, node = case.joined.columns, case.place(frame)[0]
    snapshots = around(case, frame)
    if c.version[frame] != 4 or len(snapshots) < 2 or not all(t.counters.get(node) for t in snapshots):
        return None
    before, after = (int(topology.counters[node].get(RECEIVED, 0)) for topology in snapshots)
    if before != after:
        return None
    evidence = Evidence("counter", f"{RECEIVED} stayed at {after}", f"{node} counters", "table")
    return Cause(
        f"{node} did not receive it as an IP packet: it was thrown away at {case.place(frame)[1]}", (evidence,)
    )


def _node(case: Case) -> NDArray[np.int64]:
    """The node of each frame."""
    node: NDArray[np.int64] = case.joined.wiring.node[case.recording.frames.tap]
    return node


def nobody_listens(case: Case, frame: int) -> Cause | None:
    """A datagram for a port without a socket, if the node counted all of its datagrams as such and no answer was
    captured."""
    c, node = case.joined.columns, case.place(frame)[0]
    if c.protocol[frame] != UDP or c.depth[frame] or c.version[frame] != 4 or case.joined.units.cut(frame):
        return None
    counter = moved(case, frame, node, "Udp.NoPorts")
    if counter is None or case.once(_to_a_group)[frame]:
        return None
    datagrams = case.once(_datagrams)[case.once(_node)[frame]]
    if grown(case, frame, node, "Udp.NoPorts") != datagrams:
        return None  # it holds for this datagram only if it holds for all of them
    return Cause(f"nobody at {node} has the port {int(c.dport[frame])}", (counter,))


def _datagrams(case: Case) -> NDArray[np.int64]:
    """The number of IPv4 unicast datagrams that ended at each node."""
    c, joined = case.joined.columns, case.joined
    ended = (c.protocol == UDP) & (c.version == 4) & (joined.direction == IN) & ~case.once(_to_a_group) & joined.last()
    return np.bincount(case.once(_node)[ended], minlength=len(joined.wiring.node))


def _to_a_group(case: Case) -> Flags:
    group: Flags = (case.joined.columns.eth_dst >> np.uint64(40)) & np.uint64(1) == 1
    return group


def handed_to_a_program(case: Case, frame: int) -> Cause | None:
    """Sent into a tun device: a program has read it (Documentation/networking/tuntap.rst)."""
    node, name = case.place(frame)
    device = case.tables.interfaces.get((node, name))
    if case.direction(frame) != "out" or device is None or device.kind != "tun":
        return None
    evidence = Evidence("link", f"{name} type tun", f"{node}/{name}", "table")
    return Cause(f"the program behind {name} has it", (evidence,), "consumed")
