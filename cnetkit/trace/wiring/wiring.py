"""How the captured interfaces are connected, as arrays over the taps, read from the topology.

It says which steps are possible; frames are joined elsewhere. Interfaces that no topology describes: inference.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Topology
from cnetkit.recording.frames import LINKTYPE_RAW, Tap
from cnetkit.trace.wiring.described import Place, interfaces_of, peers_of

STACKED = ("vlan", "macvlan", "ipvlan", "macvtap", "ipvtap")
"""Kinds of interface that stand on another interface of their node (or of their parent's node)."""


ENCRYPTING = ("wireguard", "tun")
TUNNELS = ("vxlan", "gre", "gretap", "ip6gre", "ip6gretap", "erspan", "geneve", "ipip", "sit", "ip6tnl")


@dataclass(frozen=True, slots=True)
class Wiring:
    """One element per tap."""

    node: NDArray[np.int64]
    segment: NDArray[np.int64]
    """Equal for taps of one cable; -1 if unknown."""
    bridge: NDArray[np.int64]
    """The number of a port's bridge, or of the bridge itself; one per node if nothing is known; -1 if there is none."""
    is_bridge: NDArray[np.bool_]
    below: NDArray[np.int64]
    """The tap that a VLAN or macvlan stands on, or -1."""
    beside: NDArray[np.int64]
    """Equal for ipvlans on one interface, which hand frames to one another; -1 for other kinds."""
    tunnel: NDArray[np.bool_]
    """Its frames travel inside other frames: a VXLAN, GRE, Geneve or IP-in-IP interface."""
    encrypting: NDArray[np.bool_]
    """Its frames may travel encrypted inside other frames: a WireGuard or tun interface, or an unknown one without MAC
    addresses."""
    address: NDArray[np.uint64]
    """Its MAC address, 0 if unknown."""
    underlay: NDArray[np.int64]
    """The node at which a tunnel's packets travel: its own, or that in which it was made before it was moved into another one."""
    described: NDArray[np.bool_]
    """Whether the topology describes it. The links of other taps are inferred from frames."""


def node_names(taps: Sequence[Tap]) -> tuple[str, ...]:
    """The nodes of the taps, in the order of their numbers."""
    return tuple(dict.fromkeys(tap.node for tap in taps))


def wire(taps: Sequence[Tap], topologies: Sequence[Topology]) -> Wiring:
    """The wiring that `topologies` describe; if they differ, the last one in which an interface was up wins."""
    places = [(tap.node, tap.interface) for tap in taps]
    number = {place: at for at, place in enumerate(places)}
    interfaces, peers = interfaces_of(topologies), peers_of(topologies, STACKED)
    nodes = {name: at for at, name in enumerate(node_names(taps))}
    count = len(taps)
    segment, below = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    bridge, is_bridge, described = np.zeros(count, np.int64), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    tunnel, address = np.zeros(count, np.bool_), np.zeros(count, np.uint64)
    encrypting = np.array([tap.linktype == LINKTYPE_RAW for tap in taps], np.bool_)
    bridges: dict[Place, int] = {}
    node = np.array([nodes[tap.node] for tap in taps], np.int64)
    underlay, beside = node.copy(), np.full(count, -1, np.int64)
    parents: dict[Place, int] = {}
    for at, place in enumerate(places):
        interface = interfaces.get(place)
        bridge[at] = bridges.setdefault((place[0], ""), len(bridges))
        described[at] = interface is not None
        if place[1] == "lo":  # not a port of anything: frames received there go no further
            segment[at], described[at], bridge[at] = at, True, -1
        if interface is None:
            continue
        address[at] = int(interface.mac.replace(":", "") or "0", 16)
        is_bridge[at], tunnel[at] = interface.kind == "bridge", interface.kind in TUNNELS
        encrypting[at] = interface.kind in ENCRYPTING
        underlay[at] = nodes.get(interface.details.get("underlay_node", ""), node[at])
        bridged = interface.master or place[1] if interface.master or is_bridge[at] else ""
        bridge[at] = bridges.setdefault((place[0], bridged), len(bridges)) if bridged else -1
        peer = peers.get(place)
        if interface.kind in STACKED:
            below[at] = number.get(peer, -1) if peer else -1
            if peer and interface.kind.startswith("ipv"):
                beside[at] = parents.setdefault(peer, at)
        elif peer is not None:
            segment[at] = min(at, number[peer]) if peer in number else -1
    return Wiring(node, segment, bridge, is_bridge, below, beside, tunnel, encrypting, address, underlay, described)
