"""Packets that the destination node drops: not taken as IP, or without a socket."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence
from cnetkit.recording.frames import IN
from cnetkit.recording.protocols import ICMP, ICMPV6, UDP
from cnetkit.trace.causes.cause import Cause, around, grown, moved, setting, sysctl
from cnetkit.trace.evidence.addressed import for_another
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case

Flags = NDArray[np.bool_]
RECEIVED = "Ip.InReceives"
NO_PORTS = {4: "Udp.NoPorts", 6: "Ip6.Udp6NoPorts"}
ECHOES = {
    (ICMP, 8): ("net.ipv4.icmp_echo_ignore_all", "Icmp.InEchos"),
    (ICMPV6, 128): ("net.ipv6.icmp.echo_ignore_all", "Ip6.Icmp6InEchos"),
}
"""By protocol and type of an echo request: the setting by which a node ignores them, and the counter of those that came."""


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
    """A datagram for a port without a socket, if the node counted all that nothing answered as such."""
    c, node = case.joined.columns, case.place(frame)[0]
    version = int(c.version[frame])
    if c.protocol[frame] != UDP or c.depth[frame] or version not in NO_PORTS or case.joined.units.cut(frame):
        return None
    counter = moved(case, frame, node, NO_PORTS[version])
    if counter is None or case.once(_to_a_group)[frame] or case.once(answers)[frame] >= 0:
        return None
    datagrams = case.once(_unanswered)[version][case.once(_node)[frame]]
    if grown(case, frame, node, NO_PORTS[version]) != datagrams:
        return None  # it holds for this datagram only if it holds for all of them
    return Cause(f"nobody at {node} has the port {int(c.dport[frame])}", (counter,))


def _unanswered(case: Case) -> dict[int, NDArray[np.int64]]:
    """By IP version, the number of unicast datagrams that ended at each node and that nothing answered."""
    c, joined = case.joined.columns, case.joined
    ended = (c.protocol == UDP) & (joined.direction == IN) & ~case.once(_to_a_group) & joined.last()
    ended &= (case.once(answers) < 0) & ~for_another(case)
    node, most = case.once(_node), len(joined.wiring.node)
    return {version: np.bincount(node[ended & (c.version == version)], minlength=most) for version in NO_PORTS}


def ignores_echoes(case: Case, frame: int) -> Cause | None:
    """An echo request to a node that answers none (icmp_echo_ignore_all)."""
    c, node = case.joined.columns, case.place(frame)[0]
    kind = ECHOES.get((int(c.protocol[frame]), int(c.icmp_type[frame])))
    if (
        kind is None
        or c.depth[frame]
        or case.once(answers)[frame] >= 0
        or sysctl(case, frame, node, kind[0]) in (None, "0")
    ):
        return None
    counter = moved(case, frame, node, kind[1])
    return None if counter is None else Cause(f"{node} ignores echo requests", (setting(node, kind[0], 1), counter))


def ignoring_echoes(case: Case) -> set[str]:
    """The nodes that ignore echo requests, or did for a while."""
    nodes = (node for topology in case.tables.described for node in topology.nodes)
    return {node.name for node in nodes if any(node.sysctls.get(name, "0") != "0" for name, _ in ECHOES.values())}


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
