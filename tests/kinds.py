"""What kinds of journeys a run showed, so that a live run can be held against a recording.

What is free, and why:
- How many segments an established TCP connection takes, and which of them carry the ACKs: timing decides. They count as
  one kind, which must be there or not.
- Retransmissions, for the same reason: a SYN is counted once for each connection.
- Which of a service's pods a connection gets: chance decides. Of such a packet the way to the choice counts, or from the
  place where the choice is undone, and that over all traces of a run, since a single one may have missed a pod. The same
  goes for questions about such a pod's MAC address.
- How many ARP questions there are, and whether a neighbour is asked again: clocks of the kernel decide. What was asked of
  everybody must be there; a repeated question to one neighbour, an announcement of one's own address, IGMP and IPv6's router and
  neighbour chatter need not.
- Whether a packet that arrived is known to be delivered: an ARP answer may come after the capture's end, and a counter may have
  counted others too.
Everything else must agree: protocol, kind, outcome, each hop with its place, its parent's and what fields changed there,
and how many connections were opened and echoes asked for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from cnetkit import Trace
from cnetkit.trace.wiring.described import described, interfaces_of

Row = dict[str, Any]
CHATTER = ("igmp", "icmpv6")
GOSSIP = 7946
"""The port at which engines tell each other that they are there, from time to time."""
BROADCAST = "ff:ff:ff:ff:ff:ff"


def rows(trace: Trace) -> list[Row]:
    """A trace's journeys, as plain data that JSON can carry."""
    result, names = [], _names(trace)
    for journey in trace.journeys:
        packet, places = journey.packet, {hop.frame: names(hop.node, hop.interface) for hop in journey.hops}
        if GOSSIP in (packet.ends.source_port, packet.ends.destination_port):
            continue
        if packet.protocol == "arp" and packet.ends.source == packet.ends.destination:
            continue
        if packet.protocol in CHATTER and "echo" not in packet.kind:
            continue
        if packet.protocol == "arp" and packet.eth_dst != BROADCAST:
            continue
        changes = [change for hop in journey.hops for change in hop.changes]
        result.append({
            "protocol": packet.protocol, "kind": _kind(packet.kind),
            "outcome": journey.outcome.kind.replace("arrived", "delivered"),
            "ends": [packet.source, packet.destination], "addresses": [packet.ends.source, packet.ends.destination],
            "hops": [[places.get(hop.parent, ""), places[hop.frame], hop.direction, sorted({c.field for c in hop.changes})]
                     for hop in journey.hops],
            "chosen": [[change.before, change.after] for change in changes if change.field == "ip.dst"],
            "undone": [change.after for change in changes if change.field == "ip.src"],
        })  # fmt: skip
    return result


def _names(trace: Trace) -> Callable[[str, str], str]:
    """Names places without the names that an engine makes up: a bridge's port is named by the node behind it."""
    interfaces = interfaces_of(described(trace.recording.topologies, trace.recording.events))

    def named(node: str, interface: str) -> str:
        known = interfaces.get((node, interface))
        if node.startswith("1-"):  # the namespace in which an overlay's bridge stands
            node = f"1-{node.partition('.')[2]}"
        node = _plain(node)
        if known and known.kind == "veth" and known.master and known.peer:
            return f"{node}/to {_plain(known.peer[0])}"
        return f"{node}/a bridge" if interface.startswith("br-") else f"{node}/{interface}"

    return named


def _plain(node: str) -> str:
    """A node's name; a task of a service without what the engine appends: `app.NODE.TASK`."""
    parts = node.split(".")
    return parts[0] if len(parts[-1]) == 25 else node


def _kind(flags: str) -> str:
    """A packet's kind, where the segments of an established connection are alike."""
    established = flags and set(flags.split(", ")) <= {"FIN", "PSH", "ACK"}
    return "established" if established else flags


def all_rows(variables: dict[str, Any]) -> dict[str, list[Row]]:
    """The rows of every whole trace among a notebook's variables, by their names."""
    return {
        name: rows(value)
        for name, value in variables.items()
        if isinstance(value, Trace) and not value.running and not name.startswith("_")
    }


def differences(first: dict[str, list[Row]], second: dict[str, list[Row]]) -> list[str]:
    """What two runs of the same lab or notebook do not share, a line each; nothing where they are of the same kinds."""
    lines = [f"only one run has the trace {name}" for name in sorted(first.keys() ^ second.keys())]
    spread, pods = _spread([*first.values(), *second.values()])
    pooled: tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]] = (set(), set())
    for name in sorted(first.keys() & second.keys()):
        ways = []
        for at, run in enumerate((first, second)):
            pooled[at].update(way for way, free in _ways(run[name], spread, pods) if free)
            ways.append({way for way, free in _ways(run[name], spread, pods) if not free})
        lines += [f"{name}: in one run only: {way}" for way in sorted(ways[0] ^ ways[1])]
        asked = [_asked(run[name]) for run in (first, second)]
        if asked[0] != asked[1]:
            lines.append(f"{name}: asked {dict(asked[0])} and {dict(asked[1])}")
    return lines + [f"to or from a service's pods, in one run only: {way}" for way in sorted(pooled[0] ^ pooled[1])]


def _spread(traces: list[list[Row]]) -> tuple[set[str], set[str]]:
    """The destinations in whose place several others were put, services with several pods; and those others."""
    after = defaultdict(set)
    for row in (row for trace in traces for row in trace if row["kind"] == "SYN"):  # an answer's is no choice
        for before, now in row["chosen"]:
            after[before].add(now)
    several = {before: pods_of for before, pods_of in after.items() if len(pods_of) > 1}
    return set(several), {pod for pods_of in several.values() for pod in pods_of}


def _ways(trace: list[Row], spread: set[str], pods: set[str]) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """Each journey's kind, and whether chance had a say in it."""
    for row in trace:
        hops, ends = row["hops"], set(row["addresses"])
        free = row["addresses"][1] in spread or (row["protocol"] == "arp" and bool(ends & pods))
        kept = sorted((parent, place, way, *fields) for parent, place, way, fields in hops)
        if any(before in spread for before, _ in row["chosen"]):
            at = next(n for n, hop in enumerate(hops) if "ip.dst" in hop[3])
            kept, free = [*_nodes(hops[: at + 1]), "one of the pods"], True
        elif any(after in spread for after in row["undone"]):
            at = next(n for n, hop in enumerate(hops) if "ip.src" in hop[3])
            kept, free = ["one of the pods", *_nodes(hops[at:])], True
        yield (row["protocol"], row["kind"], row["outcome"], tuple(kept)), free


def _nodes(hops: list[Any]) -> list[str]:
    return list(dict.fromkeys(place.partition("/")[0] for _, place, _, _ in hops))


def _asked(trace: list[Row]) -> Counter[str]:
    """How many connections were opened, and echoes asked for."""
    opened = {tuple(row["ends"]) for row in trace if row["kind"] == "SYN"}
    echoes = sum(row["kind"] == "echo request" for row in trace)
    return +Counter({"connections": len(opened), "echoes": echoes})
