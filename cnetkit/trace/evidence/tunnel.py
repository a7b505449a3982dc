"""Where a tunnel sent a packet: its forwarding entry or settings, and its outer headers (bridge(8), ip-link(8))."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.forwarding import worded
from cnetkit.trace.packets.packet import encapsulation, outer_ends
from cnetkit.trace.steps.tunnel import WRAPPED

NOBODY = "00:00:00:00:00:00"
"""The MAC address of the entry for all addresses that have none of their own."""
SHOWN = ("id", "ikey", "local", "group", "remote", "port")
"""The settings of a tunnel that decide where its packets go."""


def entry(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """The VXLAN entry for the outer destination; else the tunnel's own settings."""
    if parent is None:
        return ()
    plain, outer = (parent, frame) if case.step(frame) is WRAPPED else (frame, parent)
    (node, name), time = case.place(plain), case.time(frame)
    interface = case.tables.interfaces.get((node, name))
    if interface is None or not interface.details:
        return ()
    target, c = case.packet(plain).eth_dst, case.joined.columns
    remote = outer_ends(c, outer)[1]
    if plain == parent:
        rows = case.tables.forwarding(node, time)
        fits = [e for e in rows if e.interface == name and e.remote == remote and e.mac in (target, NOBODY)]
        if fits:
            best = next((e for e in fits if e.mac == target), fits[-1])
            return (Evidence("forwarding-entry", best.text or worded(best), f"{node} fdb of {name}", "table"),)
    words = " ".join(f"{key} {interface.details[key]}" for key in SHOWN if interface.details.get(key))
    return (Evidence("tunnel", f"{name} type {interface.kind} {words}".strip(), f"{node}/{name}", "table"),)


def outer_headers(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `tunnel`: the encapsulation, from the outer headers."""
    if parent is None:
        return ()
    outer = encapsulation(case.joined.columns, frame if case.step(frame) is WRAPPED else parent)
    return (Evidence("tunnel", outer, "outer headers", "inferred"),)
