"""What joins the interfaces that were captured, as arrays over the taps: from the topology, else from frames.

Says which steps are possible at all; it joins no frame. What was inferred is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Interface, Topology
from cnetkit.recording.frames import LINKTYPE_RAW, Tap

Place = tuple[str, str]
STACKED = ("vlan", "macvlan", "ipvlan", "macvtap", "ipvtap")
"""Kinds of interface that stand on another one of their node (or of their parent's node)."""


SEALED = ("wireguard", "tun")
TUNNELS = ("vxlan", "gre", "gretap", "ip6gre", "ip6gretap", "erspan", "geneve", "ipip", "sit", "ip6tnl")


@dataclass(frozen=True, slots=True)
class Wiring:
    """One element a tap."""

    node: NDArray[np.int64]
    segment: NDArray[np.int64]
    """Taps of one cable have the same number; -1 where none is known."""
    bridge: NDArray[np.int64]
    """A port's bridge, a bridge's own number, one for the node where nothing is known, or -1 where there is none."""
    is_bridge: NDArray[np.bool_]
    below: NDArray[np.int64]
    """The tap that a VLAN or macvlan stands on, or -1."""
    tunnel: NDArray[np.bool_]
    """Its frames travel inside of others: a VXLAN, GRE, Geneve or IP-in-IP interface."""
    sealed: NDArray[np.bool_]
    """Its frames may travel encrypted inside of others: a WireGuard or tun interface, or one without link addresses of
    which nothing is known."""
    address: NDArray[np.uint64]
    """Its MAC address, 0 where that is not known."""
    known: NDArray[np.bool_]
    """The topology describes it. Links of other taps were inferred from frames."""


def node_names(taps: Sequence[Tap]) -> tuple[str, ...]:
    """The nodes of the taps, in the order of their numbers."""
    return tuple(dict.fromkeys(tap.node for tap in taps))


def wire(taps: Sequence[Tap], topologies: Sequence[Topology]) -> Wiring:
    """The wiring that `topologies` tell of; a later one wins where they differ."""
    places = [(tap.node, tap.interface) for tap in taps]
    number = {place: at for at, place in enumerate(places)}
    interfaces = {(i.node, i.name): i for topology in topologies for i in topology.interfaces}
    peers = _peers(interfaces, topologies)
    nodes = {name: at for at, name in enumerate(node_names(taps))}
    count = len(taps)
    segment, below = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    bridge, is_bridge, known = np.zeros(count, np.int64), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    tunnel, address = np.zeros(count, np.bool_), np.zeros(count, np.uint64)
    sealed = np.array([tap.linktype == LINKTYPE_RAW for tap in taps], np.bool_)
    bridges: dict[Place, int] = {}
    for at, place in enumerate(places):
        interface = interfaces.get(place)
        bridge[at] = bridges.setdefault((place[0], ""), len(bridges))
        known[at] = interface is not None
        if place[1] == "lo":  # no port of anything: what came in there goes no further
            segment[at], known[at], bridge[at] = at, True, -1
        if interface is None:
            continue
        address[at] = int(interface.mac.replace(":", "") or "0", 16)
        is_bridge[at], tunnel[at] = interface.kind == "bridge", interface.kind in TUNNELS
        sealed[at] = interface.kind in SEALED
        bridged = interface.master or place[1] if interface.master or is_bridge[at] else ""
        bridge[at] = bridges.setdefault((place[0], bridged), len(bridges)) if bridged else -1
        peer = peers.get(place)
        if interface.kind in STACKED:
            below[at] = number.get(peer, -1) if peer else -1
        elif peer is not None:
            segment[at] = min(at, number[peer]) if peer in number else -1
    node = np.array([nodes[tap.node] for tap in taps], np.int64)
    return Wiring(node, segment, bridge, is_bridge, below, tunnel, sealed, address, known)


def _peers(interfaces: dict[Place, Interface], topologies: Sequence[Topology]) -> dict[Place, Place]:
    peers = {place: i.peer for place, i in interfaces.items() if i.peer is not None and i.kind in ("veth", *STACKED)}
    for topology in topologies:
        for link in topology.links:
            if link.kind == "veth":
                peers[link.a], peers[link.b] = link.b, link.a
            elif link.kind in STACKED:
                peers.setdefault(link.a, link.b)
    return peers
