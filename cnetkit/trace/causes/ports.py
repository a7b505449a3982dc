"""Frames that end at a bridge's port: down, blocked, isolated, locked, or not in hairpin mode.

Source: net/bridge/br_forward.c, br_input.c.
"""

from __future__ import annotations

from cnetkit.model import Evidence, Interface
from cnetkit.trace.causes.cause import Cause, interface
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import mac
from cnetkit.trace.steps.nat import BRIDGE_TRANSLATIONS

STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
"""The states of a bridge port (linux/if_bridge.h, BR_STATE_*)."""


def stopped(case: Case, frame: int) -> Cause | None:
    """Blocked at the port it came in at, or at the port that it should have left at."""
    node, bridge = case.place(frame)[0], _inside(case, frame)
    if not bridge:
        return None
    came_by = _came_by(case, frame, bridge)
    if came_by is not None and (cause := closed(came_by) or _locked(case, frame, came_by, bridge)):
        return cause
    entry = _entry(case, frame, node, bridge)
    known = owner(case, frame, node, bridge) if entry is None else None
    port = interface(case, frame, node, entry[0]) if entry is not None else known[0] if known is not None else None
    if port is None or port.master != bridge:
        return None
    text = f"no entry for {target_mac(case, frame)}" if entry is None else entry[1]
    evidence = Evidence("forwarding-entry", text, f"{node} fdb of {bridge}", "table")
    return _blocked(came_by, port, evidence, flooded=entry is None)


def way_out(case: Case, frame: int) -> str | None:
    """The port at which a bridge should have sent on a frame that ended inside it, by its forwarding entry."""
    node, bridge = case.place(frame)[0], _inside(case, frame)
    entry = _entry(case, frame, node, bridge) if bridge else None
    return None if entry is None else entry[0]


def _inside(case: Case, frame: int) -> str:
    """The bridge into which the frame went by this interface; empty if there is none."""
    place = case.tables.interfaces.get(case.place(frame))
    if place is None or (case.direction(frame) == "out") == bool(place.master):
        return ""
    return place.master or (place.name if place.kind == "bridge" else "")


def _blocked(came_by: Interface | None, port: Interface, evidence: Evidence, flooded: bool) -> Cause | None:
    """Why the bridge did not send a frame at this port (should_deliver, br_flood)."""

    def setting(words: str) -> tuple[Evidence, ...]:
        return Evidence("bridge-port", words, f"{port.node}/{port.name}", "table"), evidence

    if came_by is not None and port.name == came_by.name:
        if port.details.get("hairpin"):
            return None
        words = f"its target is behind the port that it came in by, {port.name}, which is not in hairpin mode"
        return Cause(words, setting(f"{port.name} hairpin off"))
    if shut := closed(port):
        return Cause(shut.reason, (*shut.evidence, evidence))
    if came_by is not None and came_by.details.get("isolated") and port.details.get("isolated"):
        return Cause("both ports are isolated from one another", setting(f"{came_by.name} and {port.name} isolated on"))
    if flooded and port.details.get("flood") == 0:
        words = f"no entry leads to its target, and the port {port.name}, behind which it is, takes no unknown ones (flood off)"
        return Cause(words, setting(f"{port.name} flood off"))
    return None


def _came_by(case: Case, frame: int, bridge: str) -> Interface | None:
    """The port by which it came in; also if the bridge translated it since, which keeps that port (br_netfilter)."""
    node, at = case.place(frame)[0], frame
    while case.direction(at) == "out" and case.step(at) in BRIDGE_TRANSLATIONS and (up := case.parent(at)) is not None:
        at = up
    port = interface(case, frame, *case.place(at)) if case.direction(at) == "in" else None
    return port if port is not None and port.node == node and port.master == bridge else None


def closed(port: Interface) -> Cause | None:
    """That a port is down, or does not forward."""
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


def _locked(case: Case, frame: int, port: Interface, bridge: str) -> Cause | None:
    """A locked port takes frames only from addresses that have an entry there."""
    c = case.joined.columns
    source = mac(int(c.outer_eth_src[frame] if c.depth[frame] else c.eth_src[frame]))
    rows = case.tables.forwarding(port.node, case.time(frame))
    known = any(e.mac == source and e.interface == port.name and not e.permanent for e in rows)
    if not port.details.get("locked") or known:
        return None
    where = f"{port.node}/{port.name}"
    entry = Evidence("forwarding-entry", f"no entry for {source}", f"{port.node} fdb of {bridge}", "table")
    return Cause(
        f"the port {port.name} is locked, and {source} is not registered there",
        (Evidence("bridge-port", f"{port.name} locked on", where, "table"), entry),
    )


def owner(case: Case, frame: int, node: str, bridge: str) -> tuple[Interface, Interface] | None:
    """The port behind which the topology has the frame's MAC address, and the interface that has it; None unless just one."""
    target, found = target_mac(case, frame), []
    for there in case.tables.interfaces.values():
        if there.mac == target and there.peer is not None and there.peer[0] == node and not group(target):
            port = interface(case, frame, *there.peer)
            if port is not None and port.master == bridge:
                found.append((port, there))
    return found[0] if len(found) == 1 else None


def port_of(case: Case, node: str, name: str) -> str:
    """The bridge of which an interface is a port, or empty."""
    place = case.tables.interfaces.get((node, name))
    return "" if place is None else place.master


def _entry(case: Case, frame: int, node: str, bridge: str) -> tuple[str, str] | None:
    """The port that leads to the frame's destination, and the text of the forwarding entry."""
    target, time = target_mac(case, frame), case.time(frame)
    if group(target):
        return None
    rows = case.tables.forwarding(node, time)
    entries = [e for e in rows if e.mac == target and e.bridge == bridge and not e.permanent]
    return (entries[-1].interface, entries[-1].text) if entries else None


def target_mac(case: Case, frame: int) -> str:
    """The destination MAC address of the outermost frame."""
    c = case.joined.columns
    return mac(int(c.outer_eth_dst[frame] if c.depth[frame] else c.eth_dst[frame]))


def group(address: str) -> bool:
    """Whether it is a group's MAC address."""
    return bool(int(address[:2], 16) & 1)
