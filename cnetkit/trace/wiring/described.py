"""What a recording's topologies say of its nodes and interfaces, with the nodes that appeared and went in between.

Such a node stands in an event, as a topology of it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from cnetkit.model import Event, Interface, Topology

Place = tuple[str, str]


def described(topologies: Sequence[Topology], events: Iterable[Event]) -> list[Topology]:
    """The topologies of nodes that appeared, then those of the whole network."""
    return [*(event.subject for event in events if event.kind == "node"), *topologies]


def interfaces_of(topologies: Sequence[Topology]) -> dict[Place, Interface]:
    """Each interface as it was described last while it and its peer were up, or else it was, or else last: while a container is
    taken down, its interfaces go back to where they were made."""
    every = [(score, interface) for topology, up in _with_up(topologies) for score, interface in _scored(topology, up)]
    return {(i.node, i.name): i for _, i in sorted(every, key=itemgetter(0))}


def peers_of(topologies: Sequence[Topology], stacked: Sequence[str]) -> dict[Place, Place]:
    """The other end of each cable, and what each interface of a `stacked` kind stands on. Which description counts: as above."""
    pairs: list[tuple[int, Place, Place]] = []
    for topology, up in _with_up(topologies):
        known = [(i.kind, (i.node, i.name), i.peer) for i in topology.interfaces if i.peer is not None]
        for kind, a, b in known + [(link.kind, link.a, link.b) for link in topology.links]:
            if kind in ("veth", *stacked):
                pairs.append(((a in up) + (b in up), a, b))
            if kind == "veth":
                pairs.append(((a in up) + (b in up), b, a))
    return {place: peer for _, place, peer in sorted(pairs, key=itemgetter(0))}


def _with_up(topologies: Sequence[Topology]) -> Iterator[tuple[Topology, set[Place]]]:
    """Each topology with its interfaces that are up."""
    for topology in topologies:
        yield topology, {(i.node, i.name) for i in topology.interfaces if i.up}


def _scored(topology: Topology, up: set[Place]) -> Iterator[tuple[int, Interface]]:
    """Each interface with how many of it and its peer are up."""
    for i in topology.interfaces:
        yield i.up + (i.peer is None or i.peer in up), i
