"""Packets that a node wanted to send, and that left no frame: dropped on the way out, or without a route.

A capture shows a packet only after netfilter's output and postrouting hooks. So the kernel's verdicts are the only
witness of a packet dropped there, and a counter that of one without a route (net/ipv4/ip_output.c, netfilter(8)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnetkit.model import Evidence, Verdict
from cnetkit.recording.columns import decode
from cnetkit.recording.frames import OUT, Frames, Tap
from cnetkit.trace.arrays.digests import mix
from cnetkit.trace.evidence import route, rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.legacy import grown, ways
from cnetkit.trace.evidence.output_drops import OutputDrop, output_drops
from cnetkit.trace.evidence.policy import Routed
from cnetkit.trace.evidence.verdicts import OWN_TABLE, HookVerdict, by_trace
from cnetkit.trace.packets.packet import Packet, packet_of

COUNTERS = {"Ip.OutNoRoutes": "IPv4", "Ip6.Ip6OutNoRoutes": "IPv6", "Ip6.OutNoRoutes": "IPv6"}
EVERYWHERE = "net.ipv4.conf.all.route_localnet"
RAW_IP = 101
"""LINKTYPE_RAW: a packet without a link header."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A packet that a node wanted to send, and did not."""

    node: str
    packet: Packet | None
    """As it was sent, before translation. None if only a counter shows it."""
    count: int
    """1 for a packet; for a counter how much it grew."""
    time_ns: int
    """When the kernel dropped it; 0 if only a counter shows it."""
    hook: str
    """output, postrouting or egress; empty for a packet without a route."""
    reason: str
    """By what it was dropped: the rule's text; or `no route`."""
    evidence: tuple[Evidence, ...]


def unsent(case: Case) -> tuple[Unsent, ...]:
    """What nodes wanted to send and did not, in the order of time; without a route last."""
    drops = output_drops(case)
    if drops:
        sent = decode(_frames([drop.sent for drop in drops]))
        seen = _captured(case, drops)
        found = [_of_drop(case, drop, packet_of(sent, at)) for at, drop in enumerate(drops) if not seen[at]]
    else:
        found = []
    found += _loopback(case)
    return (*sorted(found, key=lambda entry: entry.time_ns), *_counted(case), *_without_route(case))


def _of_drop(case: Case, drop: OutputDrop, packet: Packet) -> Unsent:
    worded = rule.worded(case, drop.node, drop.verdict)
    verdict = drop.verdict.verdict
    reason = worded.quote if worded is not None else f"{verdict.family} {verdict.table} {verdict.chain}"
    evidence = () if worded is None else (worded,)
    return Unsent(drop.node, packet, 1, drop.verdict.time_ns, drop.verdict.hook, reason, evidence)


def _loopback(case: Case) -> Iterator[Unsent]:
    """Packets from 127.0.0.0/8 that were translated to another node's address at the output hook: the kernel looks for a new
    route, which may not take them unless route_localnet is on (net/ipv4/route.c, __mkroute_output)."""
    for node, events in by_trace(case):
        sent, (time, last) = events[0][1], events[-1]
        ours = (sent.table, sent.chain) == (OWN_TABLE, "output") and not sent.incoming
        if not ours or last.verdict != "accept" or sent.network_header[:1] != b"\x45" or sent.network_header[12] != 127:
            continue
        applied = rule.find(case, node, last, time)
        target = next((a.target for a in applied.actions if a.kind == "dnat"), "") if applied is not None else ""
        if not target or ":" in target or target in case.tables.addresses.get(node, ()):
            continue
        packet = packet_of(decode(_frames([sent])), 0)
        way = route.lookup(case, node, Routed(packet.ends.source, target, "lo"), time).route
        device = case.tables.interfaces.get((node, way.interface)) if way is not None else None
        settings = [node_.sysctls.get(EVERYWHERE) for node_ in case.tables.topology(time).nodes if node_.name == node]
        if device is None or device.details.get("route_localnet") != 0 or settings != ["0"]:
            continue
        reason = (
            f"{packet.ends.source} is a loopback address, which must not leave by {device.name} (route_localnet is 0)"
        )
        worded = rule.worded(case, node, HookVerdict(time, last, "output"))
        off = Evidence("sysctl", f"net.ipv4.conf.{device.name}.route_localnet = 0", node, "table")
        yield Unsent(node, packet, 1, time, "output", reason, (off,) if worded is None else (off, worded))


def _frames(verdicts: list[Verdict]) -> Frames:
    """The headers of packets as frames, to be decoded like any other."""
    parts = [_header(verdict.network_header) + verdict.transport_header for verdict in verdicts]
    sizes = np.array([len(part) for part in parts], np.int64)
    count = len(parts)
    return Frames(
        (Tap("", "", RAW_IP),), np.zeros(count, np.int32), np.full(count, OUT, np.uint8), np.zeros(count, np.int64),
        np.cumsum(sizes) - sizes, sizes.astype(np.int32), sizes.astype(np.int32),
        np.frombuffer(b"".join(parts), np.uint8),
    )  # fmt: skip


def _header(network: bytes) -> bytes:
    return network[: (network[0] & 15) * 4] if network[0] >> 4 == 4 else network[:40]


def _captured(case: Case, drops: list[OutputDrop]) -> np.ndarray:
    """For each drop whether a frame that left its node may be this packet: a bridge calls postrouting once more."""
    c, frames = case.joined.columns, case.recording.frames
    names = sorted({drop.node for drop in drops} | {tap.node for tap in frames.taps})
    number = {name: at for at, name in enumerate(names)}
    of_tap = np.array([number[tap.node] for tap in frames.taps] or [0])
    node = of_tap[frames.tap] if len(frames) else np.zeros(0, np.int64)
    out = case.joined.direction == OUT
    shown = mix(node, c.src_low, c.dst_low, c.sport, c.dport, c.ident, c.seq)[out] if len(frames) else c.src_low
    last = decode(_frames([drop.last for drop in drops]))
    nodes = np.array([number[drop.node] for drop in drops])
    wanted = mix(nodes, last.src_low, last.dst_low, last.sport, last.dport, last.ident, last.seq)
    return np.isin(wanted, shown)


def _counted(case: Case) -> Iterator[Unsent]:
    """What the rules of iptables-legacy in OUTPUT dropped: a packet that such a rule counted is one of the node's own."""
    for node, rules in grown(case).items():
        for entry in rules:
            chains = {chain for chain, _ in ways(case, entry.rule)}
            if chains == {"OUTPUT"} and any(action.kind in ("drop", "reject") for action in entry.rule.actions):
                yield Unsent(node, None, entry.packets, 0, "output", entry.rule.text, (entry.evidence(),))


def _without_route(case: Case) -> Iterator[Unsent]:
    """Nodes whose programs wanted to send to where no route leads: the kernel counts only these there."""
    snapshots = [topology.counters for topology in case.recording.topologies]
    if len(snapshots) < 2:
        return
    for node, counters in snapshots[-1].items():
        for name, version in COUNTERS.items():
            grown = counters.get(name, 0) - snapshots[0].get(node, {}).get(name, 0)
            if grown > 0 and node in snapshots[0]:
                evidence = Evidence("counter", f"{name} grew by {grown}", f"{node} counters", "table")
                yield Unsent(node, None, grown, 0, "", f"no route ({version})", (evidence,))
