"""The differences between two traces of the same question, such as before and after a fix.

Packets are matched by what they ask: protocol, client address, server address and port, direction, and kind of packet.
Not compared are client ports, identifications, the numbers of rules, times, MAC addresses, TTL values, and packets that only
serve the network, such as ARP, because they depend on what was cached before. A bridge's port to a container is called by the
container, because its own name is made up anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cnetkit.displays import COMPARISON_VIEWS, Displays, mime_bundle
from cnetkit.model import Change, Hop, Outcome
from cnetkit.recording.recording import Recording
from cnetkit.trace.packets.packet import Packet
from cnetkit.trace.query.analysis import Analysis
from cnetkit.trace.report.latency import WAYS, replying
from cnetkit.trace.wiring.described import described, interfaces_of

if TYPE_CHECKING:
    import pandas as pd

ASPECTS = ("way", "outcome", "changes", "rules")
"""What is compared for the packets of one question."""
DISCOVERY = ("router solicitation", "router advertisement", "neighbour solicitation", "neighbour advertisement",
             "multicast listener report")  # fmt: skip
CARRYING = ("tcp", "udp", "sctp", "icmp", "icmpv6", "protocol")
UNNAMED = ("eth.src", "eth.dst", "outer.eth.src", "outer.eth.dst", "ip.ttl", "ipv6.hlim", "outer.ip.ttl")
"""Changes that every router makes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `before` and `after` may be empty."""

    question: str
    """`tcp SYN 203.0.113.2 → 203.0.113.1:8080`; a reply is written `... ← ...`."""
    aspect: str
    """`packets` if they are in one trace only, else one of ASPECTS."""
    before: str
    after: str

    def __str__(self) -> str:
        if self.aspect == "packets":
            return f"{self.question}: {'only before' if self.before else 'only after'}"
        return f"{self.question}: {self.aspect} was {self.before or 'none'}, is {self.after or 'none'}"


@dataclass(frozen=True, eq=False)
class Comparison:
    """All differences, in the order in which their packets were captured."""

    views: ClassVar[Displays] = COMPARISON_VIEWS
    """How a comparison is shown, by MIME type."""

    differences: tuple[Difference, ...]
    alike: int
    """The number of questions (with a direction and a kind of packet each) without a difference."""
    recordings: tuple[Recording, ...] = ()
    """What the two traces were made of, before and after."""

    @property
    def table(self) -> pd.DataFrame:
        """One row per difference, as a pandas DataFrame."""
        import pandas as pd

        rows = [
            (difference.question, difference.aspect, difference.before, difference.after)
            for difference in self.differences
        ]
        return pd.DataFrame(rows, columns=["question", "aspect", "before", "after"])

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __str__(self) -> str:
        lines = [str(difference) for difference in self.differences] or ["nothing differs"]
        return "\n".join([*lines, f"alike: {self.alike}"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401
        return mime_bundle(self, self.views)

    def __repr__(self) -> str:
        return f"<Comparison: {len(self.differences)} differences, {self.alike} alike>"


Chosen = tuple[Analysis, NDArray[np.int64]]
"""The analysis of a recording, and the numbers of the journeys to compare."""


@dataclass(slots=True)
class _Behaviour:
    """What the packets of one question did, for each aspect, in the order of the journeys."""

    way: dict[str, None] = field(default_factory=dict)
    outcome: dict[str, None] = field(default_factory=dict)
    changes: dict[str, None] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)


def compare(before: Chosen, after: Chosen) -> Comparison:
    """The differences from `before` to `after`. Every journey is examined: select first if a trace is large."""
    old, new = _asked(*before), _asked(*after)
    differences: list[Difference] = []
    unchanged = 0
    for question in dict.fromkeys((*old, *new)):
        if question not in old or question not in new:
            behaviour = old.get(question) or new[question]
            outcomes = "; ".join(behaviour.outcome)
            pair = (outcomes, "") if question in old else ("", outcomes)
            differences.append(Difference(question, "packets", *pair))
            continue
        differing = [
            difference
            for aspect in ASPECTS
            if (difference := _difference(question, aspect, old[question], new[question]))
        ]
        differences += differing
        unchanged += not differing
    return Comparison(tuple(differences), unchanged)


def _difference(question: str, aspect: str, old: _Behaviour, new: _Behaviour) -> Difference | None:
    was, is_ = getattr(old, aspect), getattr(new, aspect)
    if was.keys() == is_.keys():
        return None
    common = was.keys() & is_.keys()
    removed, added = ([value for value in values if value not in common] for values in (was, is_))
    return Difference(question, aspect, "; ".join(removed), "; ".join(added))


def _asked(analysis: Analysis, numbers: NDArray[np.int64]) -> dict[str, _Behaviour]:
    asked: dict[str, _Behaviour] = {}
    ports = _ports(analysis)
    replies = replying(analysis)
    for number in numbers[np.argsort(analysis.journeys.flow[numbers], kind="stable")].tolist():
        flow = int(analysis.journeys.flow[number])
        protocol, packet = analysis.flow_protocol(flow), analysis.case.packet(analysis.journeys.frames(number)[0])
        if not protocol.startswith(CARRYING) or packet.kind in DISCOVERY:
            continue
        begin = analysis.case.packet(int(analysis.journeys.first[analysis.journeys.flow_begins[flow]]))
        server = begin.destination if protocol in ("tcp", "udp", "sctp") else begin.ends.destination
        way = WAYS[int(replies[number])]
        arrow = "→" if way == "request" else "←"
        what = f"{protocol} {_kind(packet)}".strip()
        behaviour = asked.setdefault(f"{what} {begin.ends.source} {arrow} {server}", _Behaviour())
        _note(
            behaviour,
            [analysis.hop(frame) for frame in analysis.journeys.frames(number)],
            analysis.journeys.outcome(number),
            way,
            ports,
        )
    return asked


def _ports(analysis: Analysis) -> dict[tuple[str, str], str]:
    """What ports of bridges are called whose cable leads to another node."""
    recording = analysis.case.recording
    known = interfaces_of(described(recording.topologies, recording.events))
    return {
        place: f"port to {port.peer[0]}"
        for place, port in known.items()
        if port.kind == "veth" and port.master and port.peer and port.peer[0] != port.node
    }


def _kind(packet: Packet) -> str:
    """A TCP packet's role in the connection. Which of the later packets carry data depends on timing."""
    if packet.protocol != "tcp":
        return packet.kind
    flags = packet.kind.split(", ")
    if "RST" in flags:
        return "RST"
    return packet.kind.replace(", ", " ") if "SYN" in flags else "after SYN"


def _note(
    behaviour: _Behaviour, hops: Sequence[Hop], ended: Outcome, way: str, ports: dict[tuple[str, str], str]
) -> None:
    places = [f"{hop.node}/{ports.get((hop.node, hop.interface), hop.interface)}" for hop in hops]
    behaviour.way[" → ".join(dict.fromkeys(places))] = None
    behaviour.outcome[f"{ended.kind} at {ended.where}" + (f": {ended.reason}" if ended.reason else "")] = None
    picked = ("srcport",) if way == "request" else ("dstport",)
    for hop, place in zip(hops, places, strict=True):
        for change in hop.changes:
            if change.field not in UNNAMED:
                behaviour.changes[_worded(change, picked, place)] = None
        for item in hop.evidence:
            if item.kind == "nft-rule":
                chain = item.source.partition(" handle ")[0]  # rules are numbered in the order in which they were laid
                behaviour.rules[f"“{item.quote}” ({hop.node} {chain})"] = None


def _worded(change: Change, picked: tuple[str, ...], place: str) -> str:
    """A change without the ports and identifiers that a client chose."""
    if change.field.endswith(picked) or change.field == "icmp.ident":
        return f"{change.field} at {place}"
    return f"{change.field} {change.before} → {change.after} at {place}"
