"""Frames that a bridge took to a host that they are not for: flooded, by a wrong entry, or because two have one MAC address."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.causes.cause import Cause, interface
from cnetkit.trace.causes.ports import closed, group, owner, port_of, target_mac
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.steps.step import Wanted

STACKED = ("ipvlan", "ipvtap", "macvlan", "macvtap", "vlan")
"""Interfaces that may have the MAC address of the one below by design."""


def addressed_to_another(case: Case, frame: int) -> Cause | None:
    """Received by an interface that is not a bridge port and whose MAC address is not the frame's destination."""
    if case.direction(frame) != "in":
        return None
    node, name = case.place(frame)
    here, target = interface(case, frame, node, name), target_mac(case, frame)
    if here is None or here.master or here.kind in ("bridge", "loopback") or not here.mac or group(target):
        return None
    if here.details.get("promiscuous"):  # a program may take it, such as Open vSwitch
        return None
    macs = {i.mac for t in case.tables.described for i in t.interfaces if i.node == node}
    stacked = any(i.peer == (node, name) and i.kind != "veth" for i in case.tables.interfaces.values())
    if target in macs or stacked or _by_flood(case, frame, target) or case.recording.selective:
        return None
    evidence = Evidence("link", f"{name} has {here.mac}; the frame is for {target}", f"{node}/{name}", "table")
    words, entry = f"the frame is addressed to {target}, which {node} does not have", _entry_to(case, frame, target)
    owners = [i for i in case.tables.interfaces.values() if i.mac == target and i.node != node and i.kind != "bridge"]
    if entry is None or len(owners) != 1:
        return Cause(words, (evidence,))
    place, taken = entry
    return Cause(
        f"{words}: the forwarding table has it behind the port {place}, and {owners[0].node}/{owners[0].name} has it",
        (evidence, taken),
    )


def same_mac(case: Case, frame: int) -> Cause | None:
    """Received by a node that has the frame's MAC address and not the packet's IP address; another node has both."""
    node, name = case.place(frame)
    here, target, c = interface(case, frame, node, name), target_mac(case, frame), case.joined.columns
    if case.direction(frame) != "in" or here is None or here.mac != target or not c.version[frame] or c.depth[frame]:
        return None
    address = case.packet(frame).ends.destination
    if address in case.tables.addresses.get(node, ()) or case.recording.captured:
        return None
    twins = [i for i in case.tables.interfaces.values() if i.mac == target and i.node != node and i.kind not in STACKED]
    theirs = [i for i in twins if address in {cidr.split("/")[0] for cidr in i.addresses}]
    if len(theirs) != 1 or interface(case, frame, theirs[0].node, theirs[0].name) is None:
        return None
    other = f"{theirs[0].node}/{theirs[0].name}"
    evidence = Evidence("link", f"{node}/{name} and {other} have the same MAC address {target}", "interfaces", "table")
    entry = _entry_to(case, frame, target)
    words = f"{other}, for which it is, has the same MAC address as {node}/{name}"
    return Cause(words, (evidence,) if entry is None else (evidence, entry[1]))


def _entry_to(case: Case, frame: int, target: str) -> tuple[str, Evidence] | None:
    """The port at which the last bridge sent the frame, and the forwarding entry for it, if there was one."""
    at = _sent_by_bridge(case, frame)
    if at < 0:
        return None
    node, name = case.place(at)
    rows = case.tables.forwarding(node, case.time(at))
    bridge = port_of(case, node, name)
    entries = [e for e in rows if e.mac == target and e.interface == name and e.bridge in ("", bridge)]
    if not bridge or not entries:
        return None
    return f"{node}/{name}", Evidence("forwarding-entry", entries[-1].text, f"{node} fdb of {bridge}", "table")


def _sent_by_bridge(case: Case, frame: int) -> int:
    """The frame at which a bridge sent it at a port, or -1."""
    at = int(case.joined.parent[frame])
    while at >= 0 and Wanted.FDB not in case.step(at).evidence:
        at = int(case.joined.parent[at])
    return at


def flooded(case: Case, frame: int) -> Cause | None:
    """A unicast frame without a forwarding entry, flooded to every port; no host there has its address."""
    target = target_mac(case, frame)
    if case.direction(frame) != "in" or group(target):
        return None
    evidence = _by_flood(case, frame, target)
    owners = {i.mac for t in case.tables.described for i in t.interfaces if (i.node, i.name) == case.place(frame)}
    if evidence is None or target in owners or case.recording.selective:  # who was not captured may have taken it
        return None
    words = f"no port leads to {target}: it was sent to every port, and nobody took it"
    at = case.place(_sent_by_bridge(case, frame))
    there = owner(case, frame, at[0], port_of(case, *at))
    shut = None if there is None else closed(there[0])
    if there is None or shut is None:
        return Cause(words, (evidence,))
    who = f"{there[1].node}/{there[1].name}"
    if not there[1].up:
        down = Evidence("link", f"{there[1].name} down", who, "table")
        return Cause(f"no port leads to {target}: {who}, which has it, is down", (down, evidence))
    words = f"no port leads to {target}: {shut.reason}, and {who}, which has it, is behind it"
    return Cause(words, (*shut.evidence, evidence))


def _by_flood(case: Case, frame: int, target: str) -> Evidence | None:
    """Evidence that the bridge which sent it here had no entry for its destination."""
    at = _sent_by_bridge(case, frame)
    if at < 0:
        return None
    node, name = case.place(at)
    port = case.tables.interfaces.get((node, name))
    if port is None or not port.master:
        return None
    time = case.time(at)
    rows = case.tables.forwarding(node, time)
    if any(e.mac == target and e.bridge in ("", port.master) for e in rows):
        return None
    words = f"no entry for {target}: sent to every port"
    return Evidence("forwarding-entry", words, f"{node} fdb of {port.master}", "table")
