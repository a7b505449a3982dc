"""The forwarding entry by which a bridge chose a port or kept a frame for itself, or that there was none (a flood).

Source: net/bridge/br_fdb.c.
"""

from __future__ import annotations

import numpy as np

from cnetkit.model import Evidence, ForwardingEntry
from cnetkit.recording.frames import DIRECTIONS
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.steps.nat import BRIDGE_TRANSLATIONS


def chosen_port(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `forwarding-entry` for a frame that a bridge sent at a port."""
    node, name = case.place(frame)
    interface = case.tables.interfaces.get((node, name))
    if interface is None or not interface.master:
        return ()
    target, source = case.packet(frame).eth_dst, f"{node} fdb of {interface.master}"
    if int(target[:2], 16) & 1:
        which = "broadcast" if target == "ff:ff:ff:ff:ff:ff" else "multicast"
        return (Evidence("forwarding-entry", f"{target} is a {which} address: sent to every port", source, "table"),)
    time = case.time(frame)
    entries = case.tables.forwarding(node, time)
    ours = [e for e in entries if e.mac == target and (e.bridge or interface.master) == interface.master]
    here = [e for e in ours if e.interface == name]
    if here:
        return (Evidence("forwarding-entry", here[-1].text or worded(here[-1]), source, "table"),)
    if (
        entries
        and not ours
        and case.step(frame) not in BRIDGE_TRANSLATIONS
        and not _heard(case, frame, interface.master)
    ):
        return (Evidence("forwarding-entry", f"no entry for {target}: sent to every port", source, "table"),)
    return ()


def _heard(case: Case, frame: int, bridge: str) -> bool:
    """Whether the bridge had received a frame from this frame's target, and had not forgotten it since: then it had an entry,
    even if the kernel's word of it was read late."""
    (node, _), frames, columns = case.place(frame), case.recording.frames, case.joined.columns
    here = {place for place, i in case.tables.interfaces.items() if place[0] == node and i.master == bridge}
    ports = [number for number, tap in enumerate(frames.taps) if (tap.node, tap.interface) in here]
    from_target = (columns.eth_src == columns.eth_dst[frame]) & (case.joined.direction == DIRECTIONS.index("in"))
    rows = np.flatnonzero(from_target & np.isin(frames.tap, ports))
    rows = rows[case.rank[rows] < case.rank[frame]]
    forgotten = case.tables.forgotten(node, case.packet(frame).eth_dst, case.time(frame))
    return bool((frames.time_ns[rows] > forgotten).any())


def kept_by_bridge(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Why a bridge passed a frame up to its own node: the address is the bridge's own, or a group address."""
    node, name = case.place(frame)
    target, time = case.packet(frame).eth_dst, case.time(frame)
    source = f"{node} fdb of {name}"
    for entry in case.tables.forwarding(node, time):
        if entry.mac == target and entry.permanent and entry.interface == name:
            return (Evidence("forwarding-entry", entry.text or worded(entry), source, "table"),)
    if target == "ff:ff:ff:ff:ff:ff" and (node, name) in case.tables.interfaces:
        return (
            Evidence("forwarding-entry", f"{target} is a broadcast address: the bridge takes it too", source, "table"),
        )
    return ()


def worded(entry: ForwardingEntry) -> str:
    """An entry as bridge(8) prints it."""
    return f"{entry.mac} dev {entry.interface}" + (f" master {entry.bridge}" if entry.bridge else "")
