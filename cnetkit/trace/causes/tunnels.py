"""Packets that end at a tunnel (drivers/net/vxlan/vxlan_core.c): no interface has their VNI, or no remote is
configured."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.recording.tunnels import TUNNELS
from cnetkit.trace.causes.cause import Cause, around, interface, moved
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.tunnel import NOBODY
from cnetkit.trace.packets.packet import outer_ends


def unknown(case: Case, frame: int) -> Cause | None:
    """Received by the outer destination, which has no VXLAN interface with this VNI."""
    c = case.joined.columns
    if case.direction(frame) != "in" or not c.depth[frame] or TUNNELS[int(c.tunnel[frame])] != "vxlan":
        return None
    node, vni = case.place(frame)[0], int(c.vni[frame])
    if outer_ends(c, frame)[1] not in case.tables.addresses.get(node, ()):
        return None
    there = [i for t in around(case, frame) for i in t.interfaces if i.node == node and i.kind == "vxlan"]
    if not there or any(i.details.get("id") == vni or i.details.get("collect_metadata") for i in there):
        return None
    words = ", ".join(sorted({f"{i.name} id {i.details.get('id')}" for i in there}))
    evidence = Evidence("tunnel", words, f"{node} VXLAN interfaces", "table")
    return Cause(f"{node} has no VXLAN interface with the identifier {vni}", (evidence,))


def own_mac(case: Case, frame: int) -> Cause | None:
    """The VXLAN interface that should have received it has the MAC address that it comes from (vxlan_set_mac: a loop)."""
    c = case.joined.columns
    if case.direction(frame) != "in" or not c.depth[frame] or TUNNELS[int(c.tunnel[frame])] != "vxlan":
        return None
    node, vni, source = case.place(frame)[0], int(c.vni[frame]), case.packet(frame).eth_src
    if outer_ends(c, frame)[1] not in case.tables.addresses.get(node, ()):
        return None
    there = [i for i in case.tables.interfaces.values() if i.node == node and i.kind == "vxlan" and i.mac == source]
    there = [i for i in there if i.details.get("id") == vni and interface(case, frame, node, i.name) is not None]
    if len(there) != 1:
        return None
    evidence = Evidence("link", f"{there[0].name} has the MAC address {source}", f"{node}/{there[0].name}", "table")
    words = (
        f"the frame comes from the MAC address of {node}/{there[0].name} itself: both ends of the tunnel have {source}"
    )
    return Cause(words, (evidence,))


def without_remote(case: Case, frame: int) -> Cause | None:
    """Sent into a VXLAN interface that has no remote for its MAC address and no default remote."""
    node, name = case.place(frame)
    here = interface(case, frame, node, name)
    if case.direction(frame) != "out" or here is None or here.kind != "vxlan" or here.details.get("group"):
        return None
    if here.details.get("collect_metadata"):
        return None  # a route or a program chooses the remote
    time, target = case.time(frame), case.packet(frame).eth_dst
    rows = case.tables.forwarding(node, time)
    if any(e.interface == name and e.remote and e.mac in (target, NOBODY) for e in rows):
        return None
    evidence = Evidence("forwarding-entry", f"no entry with a remote for {target}", f"{node} fdb of {name}", "table")
    counter = moved(case, frame, node, f"{name}.tx_dropped")
    return Cause(f"{name} knows no remote for {target}", (evidence,) if counter is None else (evidence, counter))
