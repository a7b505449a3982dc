"""The neighbour entry that gave a routed packet its new destination MAC address (arp(7), ip-neighbour(8))."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.evidence.case import Case


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `neighbour` if the node itself chose the destination MAC address."""
    if not case.recording.topologies or case.direction(frame) != "out":
        return ()
    packet = case.packet(frame)
    if not packet.version or (parent is not None and case.packet(parent).eth_dst == packet.eth_dst):
        return ()
    node, time = case.place(frame)[0], case.time(frame)
    device = case.device(frame)
    for entry in case.tables.neighbours(node, time):
        if entry.mac == packet.eth_dst and entry.interface == device:
            quote = f"{entry.address} dev {entry.interface} lladdr {entry.mac} {entry.state}".strip()
            return (Evidence("neighbour", quote, f"{node} neighbours", "table"),)
    return ()
