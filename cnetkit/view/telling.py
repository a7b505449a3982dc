"""The hop at which a viewer begins: where a packet was dropped, else the first change, else the first packet that carries data.

A pure function of a scene. Packets that only serve the network (ARP, neighbour discovery, IGMP) come last.
"""

from __future__ import annotations

from typing import Any

_TROUBLE = ("dropped", "lost-from-sight")


def telling(scene: dict[str, Any]) -> int:
    """The index of the hop in the scene; -1 if it has none."""
    journeys, hops = scene["journeys"], scene["hops"]
    if not hops.get("frame"):
        return -1
    useful = [not scene["flows"][flow]["housekeeping"] for flow in journeys["flow"]]
    for kind in _TROUBLE:
        for journey, outcome in enumerate(journeys["outcome"]):
            if useful[journey] and scene["outcomes"][outcome] == kind:
                return _last(scene, journey)
    changed = [any(not made_everywhere(field) for field, _, _ in group) for group in hops["all_changes"]]
    of = [journey for journey in range(len(useful)) for _ in range(*_span(scene, journey))]
    telling_hops = [at for at, group in enumerate(hops["changes"]) if changed[group] and useful[of[at]]]
    first = [begin for begin, carries in zip(journeys["first"], useful, strict=True) if carries]
    return min(telling_hops or first or journeys["first"], key=lambda at: (hops["time"][at], at))


def made_everywhere(field: str) -> bool:
    """Whether each link or router changes the field: a MAC address, the TTL."""
    parts = field.split(".")
    return "eth" in parts or parts[-1] in ("ttl", "hlim")


def _span(scene: dict[str, Any], journey: int) -> tuple[int, int]:
    first = scene["journeys"]["first"]
    return first[journey], first[journey + 1] if journey + 1 < len(first) else len(scene["hops"]["frame"])


def _last(scene: dict[str, Any], journey: int) -> int:
    """The last hop at the place where the journey ended."""
    begin, end = _span(scene, journey)
    where = scene["journeys"]["where"][journey]
    return max((at for at in range(begin, end) if scene["hops"]["at"][at] == where), default=end - 1)
