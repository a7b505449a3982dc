"""Frames that end at a link or a bridge: addressed to another host, or blocked by a port (net/bridge/br_forward.c)."""

from __future__ import annotations

from cnetkit.model import Evidence, Interface
from cnetkit.trace.causes.cause import Cause, interface
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import mac
from cnetkit.trace.steps.step import Wanted

STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
"""The states of a bridge port (linux/if_bridge.h, BR_STATE_*)."""


def addressed_to_another(case: Case, frame: int) -> Cause | None:
    """Received by an interface that is not a bridge port and whose MAC address is not the frame's destination."""
    if case.direction(frame) != "in":
        return None
    node, name = case.place(frame)
    here, target = interface(case, frame, node, name), _outermost_target(case, frame)
    if here is None or here.master or here.kind in ("bridge", "loopback") or not here.mac or _group(target):
        return None
    macs = {i.mac for t in case.recording.topologies for i in t.interfaces if i.node == node}
    stacked = any(i.peer == (node, name) and i.kind != "veth" for i in case.tables.interfaces.values())
    if target in macs or stacked or _by_flood(case, frame, target) or case.recording.selective:
        return None
    evidence = Evidence("link", f"{name} has {here.mac}; the frame is for {target}", f"{node}/{name}", "table")
    return Cause(f"the frame is addressed to {target}, which {node} does not have", (evidence,))


def flooded(case: Case, frame: int) -> Cause | None:
    """A unicast frame without a forwarding entry, flooded to every port; no host there has its address."""
    target = _outermost_target(case, frame)
    if case.direction(frame) != "in" or _group(target):
        return None
    evidence = _by_flood(case, frame, target)
    owners = {i.mac for t in case.recording.topologies for i in t.interfaces if (i.node, i.name) == case.place(frame)}
    if evidence is None or target in owners or case.recording.selective:  # who was not captured may have taken it
        return None
    return Cause(f"no port leads to {target}: it was sent to every port, and nobody took it", (evidence,))


def _by_flood(case: Case, frame: int, target: str) -> Evidence | None:
    """Evidence that the bridge which sent it here had no entry for its destination."""
    at = int(case.joined.parent[frame])
    while at >= 0 and Wanted.FDB not in case.step(at).evidence:
        at = int(case.joined.parent[at])
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


def stopped(case: Case, frame: int) -> Cause | None:
    """Blocked at the port it came in at, or at the port that it should have left at."""
    node, name = case.place(frame)
    place = case.tables.interfaces.get((node, name))
    bridge = "" if place is None else place.master or (name if place.kind == "bridge" else "")
    if not bridge or (case.direction(frame) == "out") == bool(place is not None and place.master):
        return None
    came_by = interface(case, frame, node, name) if case.direction(frame) == "in" else None
    if came_by is not None and (cause := _closed(came_by)):
        return cause
    entry = _entry(case, frame, node, bridge)
    if entry is None:
        return None
    port = interface(case, frame, node, entry[0])
    if port is None or not port.master:
        return None
    evidence = Evidence("forwarding-entry", entry[1], f"{node} fdb of {bridge}", "table")
    if came_by is not None and port.name == came_by.name:
        if port.details.get("hairpin"):
            return None
        off = Evidence("bridge-port", f"{port.name} hairpin off", f"{node}/{port.name}", "table")
        return Cause(
            f"its target is behind the port that it came in by, {port.name}, which is not in hairpin mode",
            (evidence, off),
        )
    if closed := _closed(port):
        return Cause(closed.reason, (*closed.evidence, evidence))
    if came_by is not None and came_by.details.get("isolated") and port.details.get("isolated"):
        words = f"{came_by.name} and {port.name} isolated on"
        return Cause(
            "both ports are isolated from one another", (Evidence("bridge-port", words, node, "table"), evidence)
        )
    return None


def _closed(port: Interface) -> Cause | None:
    where = f"{port.node}/{port.name}"
    state = port.details.get("state")
    if port.master and state is not None and state != 3 and not port.up:
        return Cause(f"the port {port.name} is down", (Evidence("bridge-port", f"{port.name} down", where, "table"),))
    if port.master and isinstance(state, int) and state != 3 and state < len(STATES):
        words = f"{port.name} master {port.master} state {STATES[state]}"
        return Cause(
            f"the bridge's port {port.name} is {STATES[state]}", (Evidence("bridge-port", words, where, "table"),)
        )
    return None


def _entry(case: Case, frame: int, node: str, bridge: str) -> tuple[str, str] | None:
    """The port that leads to the frame's destination, and the text of the forwarding entry."""
    target, time = _outermost_target(case, frame), case.time(frame)
    if _group(target):
        return None
    rows = case.tables.forwarding(node, time)
    entries = [e for e in rows if e.mac == target and e.bridge == bridge and not e.permanent]
    return (entries[-1].interface, entries[-1].text) if entries else None


def _outermost_target(case: Case, frame: int) -> str:
    c = case.joined.columns
    return mac(int(c.outer_eth_dst[frame] if c.depth[frame] else c.eth_dst[frame]))


def _group(address: str) -> bool:
    return bool(int(address[:2], 16) & 1)
