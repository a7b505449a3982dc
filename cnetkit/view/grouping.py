"""Groups journeys that took the same path, and puts flows in reading order.

The same path means the same places, changes, decisive rules and outcome. Times and the state of table entries may
differ.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from cnetkit.model import Hop
from cnetkit.trace.flow import Flow
from cnetkit.trace.journey import Journey
from cnetkit.trace.trace import Trace
from cnetkit.view.reasons import reasons


def grouped(journeys: Iterable[Journey]) -> list[list[Journey]]:
    """The journeys in groups, in the order of each group's first journey."""
    groups: dict[Hashable, list[Journey]] = {}
    for journey in journeys:
        groups.setdefault(_way(journey), []).append(journey)
    return list(groups.values())


def in_order(trace: Trace, most: int | None = None) -> list[Flow]:
    """The first `most` flows: TCP first, then other protocols that carry data, then those that only serve the network."""
    ranks = [_rank(trace, at, protocol) for at, protocol in enumerate(trace.protocols)]
    return [trace.flows[at] for at in sorted(range(len(ranks)), key=ranks.__getitem__)[:most]]


def _rank(trace: Trace, at: int, protocol: str) -> int:
    if protocol in ("tcp", "udp", "icmp"):
        return int(protocol != "tcp")
    return 2 if trace.flows[at].housekeeping else 1


def path(hops: Sequence[Hop]) -> str:
    """The places of a journey on one line: `web/eth0 → dock/veth1 → (dock/docker0 | dock/veth2 → client/eth0)`."""
    children: dict[int | None, list[Hop]] = {}
    frames = {hop.frame for hop in hops}
    for hop in hops:
        children.setdefault(hop.parent if hop.parent in frames else None, []).append(hop)
    text_from: dict[int, str] = {}
    for hop in reversed(hops):
        after = [text_from[child.frame] for child in children.get(hop.frame, ()) if child.frame in text_from]
        text_from[hop.frame] = " → ".join([f"{hop.node}/{hop.interface}", *_joined(after)])
    return "".join(_joined([text_from[hop.frame] for hop in children.get(None, ())]))


def _joined(branches: list[str]) -> list[str]:
    return branches if len(branches) < 2 else [f"({' | '.join(branches)})"]


def _way(journey: Journey) -> Hashable:
    place = {hop.frame: number for number, hop in enumerate(journey.hops)}
    hops = tuple(
        (
            hop.node, hop.interface, hop.direction, place.get(hop.parent) if hop.parent is not None else None,
            hop.changes, tuple(item for item in reasons(hop.evidence).decisive if item.kind == "nft-rule"),
        )
        for hop in journey.hops
    )  # fmt: skip
    packet, ended = journey.packet, journey.outcome
    return packet.source, packet.destination, hops, ended.kind, ended.where, ended.reason
