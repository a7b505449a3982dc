"""The neighbour entry that gave a routed packet its new destination MAC address (arp(7), ip-neighbour(8))."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import outer_ends


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `neighbour` if the node itself chose the destination MAC address: the destination's own entry, or that of
    a gateway of its address family (an IPv4 route by way of an IPv6 neighbour quotes none)."""
    if not case.recording.topologies or case.direction(frame) != "out":
        return ()
    packet = case.packet(frame)
    if not packet.version or (parent is not None and case.packet(parent).eth_dst == packet.eth_dst):
        return ()
    node, time = case.place(frame)[0], case.time(frame)
    device, columns = case.device(frame), case.joined.columns
    target = outer_ends(columns, frame)[1] if columns.depth[frame] else packet.ends.destination
    entries = [
        entry
        for entry in case.tables.neighbours(node, time)
        if entry.mac == packet.eth_dst and entry.interface == device and (":" in entry.address) == (":" in target)
    ]
    if not entries:
        return ()
    entry = next((entry for entry in entries if entry.address == target), entries[0])
    quote = f"{entry.address} dev {entry.interface} lladdr {entry.mac} {entry.state}".strip()
    return (Evidence("neighbour", quote, f"{node} neighbours", "table"),)
