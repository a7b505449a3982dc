"""The forwarding entry by which a bridge chose a port, or the flood it made without one (net/bridge/br_fdb.c)."""

from __future__ import annotations

from cnetkit.model import Evidence, ForwardingEntry
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import outer_ends

STEPS = ("bridge-down", "bridge-forward", "bridge-nat")


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `forwarding-entry` for a frame that a bridge sent at a port."""
    if parent is not None and case.step(frame) == "bridge-up":
        return _up(case, frame)
    if parent is not None and case.step(frame) in ("wrapped", "unwrapped"):
        return _tunnelled(case, frame, parent)
    if parent is None or case.step(frame) not in STEPS:
        return ()
    node, name = case.place(frame)
    interface = case.interfaces.get((node, name))
    if interface is None or not interface.master:
        return ()
    target, source = case.packet(frame).eth_dst, f"{node} fdb of {interface.master}"
    if int(target[:2], 16) & 1:
        which = "broadcast" if target == "ff:ff:ff:ff:ff:ff" else "multicast"
        return (Evidence("forwarding-entry", f"{target} is a {which} address: sent to every port", source, "table"),)
    time = case.time(frame)
    entries = case.rows(case.topology(time).forwarding, "forwarding", node, time)
    ours = [e for e in entries if e.mac == target and (e.bridge or interface.master) == interface.master]
    here = [e for e in ours if e.interface == name]
    if here:
        return (Evidence("forwarding-entry", here[-1].text or _worded(here[-1]), source, "table"),)
    if entries and not ours and case.step(frame) != "bridge-nat":
        return (Evidence("forwarding-entry", f"no entry for {target}: sent to every port", source, "table"),)
    return ()


def _up(case: Case, frame: int) -> tuple[Evidence, ...]:
    """Why a bridge kept a frame for its own node: the address is the bridge's own, or one for a group."""
    node, name = case.place(frame)
    target, time = case.packet(frame).eth_dst, case.time(frame)
    source = f"{node} fdb of {name}"
    for entry in case.rows(case.topology(time).forwarding, "forwarding", node, time):
        if entry.mac == target and entry.permanent and entry.interface == name:
            return (Evidence("forwarding-entry", entry.text or _worded(entry), source, "table"),)
    if target == "ff:ff:ff:ff:ff:ff" and (node, name) in case.interfaces:
        return (
            Evidence("forwarding-entry", f"{target} is a broadcast address: the bridge takes it too", source, "table"),
        )
    return ()


def _tunnelled(case: Case, frame: int, parent: int) -> tuple[Evidence, ...]:
    """The VXLAN entry that says where the outer packet goes; else the tunnel's own settings, which both ends show."""
    plain, outer = (parent, frame) if case.step(frame) == "wrapped" else (frame, parent)
    (node, name), time = case.place(plain), case.time(frame)
    interface = case.interfaces.get((node, name))
    if interface is None or not interface.details:
        return ()
    target, c = case.packet(plain).eth_dst, case.joined.columns
    remote = outer_ends(c, outer)[1]
    if plain == parent:
        rows = case.rows(case.topology(time).forwarding, "forwarding", node, time)
        fits = [e for e in rows if e.interface == name and e.remote == remote and e.mac in (target, NOBODY)]
        if fits:
            best = next((e for e in fits if e.mac == target), fits[-1])
            return (Evidence("forwarding-entry", best.text or _worded(best), f"{node} fdb of {name}", "table"),)
    words = " ".join(f"{key} {interface.details[key]}" for key in SHOWN if interface.details.get(key))
    return (Evidence("tunnel", f"{name} type {interface.kind} {words}".strip(), f"{node}/{name}", "table"),)


NOBODY = "00:00:00:00:00:00"
"""The entry for all addresses that have none of their own."""
SHOWN = ("id", "ikey", "local", "group", "remote", "port")
"""What of a tunnel's settings decides where its packets go."""


def _worded(entry: ForwardingEntry) -> str:
    return f"{entry.mac} dev {entry.interface}" + (f" master {entry.bridge}" if entry.bridge else "")
