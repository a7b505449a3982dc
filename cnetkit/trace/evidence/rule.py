"""The netfilter rules that the kernel says it applied to this very packet (`nft monitor trace`, NFT_MSG_TRACE).

A trace is tied to a frame by the packet's own header bytes, its node, and its time. Our own tracing aid, the table
`cnetkit_trace`, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from cnetkit.model import Evidence, Rule, Verdict
from cnetkit.trace.evidence.case import Case

OWN_TABLE = "cnetkit_trace"
APART_NS = 5_000_000_000
"""A verdict read this long after its frame belongs to another packet."""

Headers = tuple[str, bytes, bytes]
"""Node, and the parts of the network and transport headers that stay while a packet is inside of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One verdict, with the hook of the base chain it was reached from."""

    time_ns: int
    verdict: Verdict
    hook: str


Index = dict[Headers, list[list[Step]]]
_indexes: WeakKeyDictionary[Case, Index] = WeakKeyDictionary()


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `nft-rule` for a frame that passed netfilter on its way out, in the order of the rules."""
    if case.step(frame) not in ("", "route", "nat", "bridge-nat") or case.direction(frame) != "out":
        return ()
    inside = parent is not None and case.direction(parent) == "out"
    steps = [s for s in steps_of(case, frame, parent) if not inside or s.hook in ("postrouting", "")]
    return tuple(e for step in steps if (e := worded(case, case.place(frame)[0], step)) is not None)


def received(case: Case, frame: int) -> list[Step]:
    """The verdicts over a packet that went no further than `frame`."""
    return _trace(case, frame)


def steps_of(case: Case, frame: int, parent: int | None) -> list[Step]:
    """The verdicts of the trace that the packet had between `parent` and `frame`."""
    if parent is not None and case.place(parent)[0] == case.place(frame)[0]:
        found = _trace(case, parent)
        if found:
            return found
    return _trace(case, frame)


def connection_of(case: Case, frame: int, parent: int | None) -> int:
    """The conntrack entry's id that the trace gives, or 0."""
    return next((s.verdict.connection for s in steps_of(case, frame, parent) if s.verdict.connection), 0)


def worded(case: Case, node: str, step: Step) -> Evidence | None:
    """A verdict as evidence: the rule's text, or that a chain's policy dropped the packet."""
    verdict = step.verdict
    where = f"{verdict.family} {verdict.table} {verdict.chain}"
    if verdict.type == "policy":
        return Evidence("nft-rule", "policy drop", where, "kernel") if verdict.verdict == "drop" else None
    rule = find(case, node, verdict, step.time_ns)
    if verdict.type != "rule" or rule is None:
        return None
    return Evidence("nft-rule", rule.text, f"{where} handle {verdict.handle}", "kernel")


def find(case: Case, node: str, verdict: Verdict, time_ns: int) -> Rule | None:
    """The rule that a verdict names, as it stood at that time."""
    tables = [case.topology(time_ns), *reversed(case.recording.topologies)]
    tables += [e.subject for e in case.recording.events if e.kind == "rules" and e.node == node]
    for topology in tables:
        for rule in topology.rules:
            if (rule.node, rule.family, rule.table, rule.chain, rule.handle) == (
                node, verdict.family, verdict.table, verdict.chain, verdict.handle
            ):  # fmt: skip
                return rule
    return None


def _trace(case: Case, frame: int) -> list[Step]:
    index = _indexes.get(case)
    if index is None:
        index = _indexes[case] = _indexed(case)
    if not index:
        return []
    candidates = index.get(_headers(case, frame), [])
    came_in = case.direction(frame) == "in"
    near = [
        t
        for t in candidates
        if abs(t[0].time_ns - case.time(frame)) < APART_NS and bool(t[0].verdict.incoming) == came_in
    ]
    return near[0] if len(near) == 1 else []


def _headers(case: Case, frame: int) -> Headers:
    frames, columns = case.recording.frames, case.joined.columns
    end = int(frames.start[frame] + frames.captured[frame])
    network, transport = int(columns.network[frame]), int(columns.transport[frame])
    if not columns.version[frame] or not transport:
        return (case.place(frame)[0], b"", b"")
    return (
        case.place(frame)[0],
        _kept(frames.data[network : min(network + 40, end)].tobytes()),
        frames.data[transport : min(transport + 8, end)].tobytes(),
    )


def _kept(network: bytes) -> bytes:
    """A network header without TTL and checksum."""
    if network[:1] and network[0] >> 4 == 4:
        return network[2:8] + network[9:10] + network[12:20]
    return network[4:7] + network[8:40]


def _indexed(case: Case) -> Index:
    hooks = {
        (c.node, c.family, c.table, c.name): c.hook for topology in case.recording.topologies for c in topology.chains
    }
    index: Index = {}
    for node, events in _by_trace(case):
        hook, steps, keys = "", [], []
        for time, verdict in events:
            if verdict.network_header:
                hook = hooks.get((node, verdict.family, verdict.table, verdict.chain), hook)
                keys.append((node, _kept(verdict.network_header[:40]), verdict.transport_header[:8]))
            if verdict.table != OWN_TABLE:
                steps.append(Step(time, verdict, hook))
        for key in dict.fromkeys(keys):
            if steps and key[1]:
                index.setdefault(key, []).append(steps)
    return index


def _by_trace(case: Case) -> Iterator[tuple[str, list[tuple[int, Verdict]]]]:
    found: dict[tuple[str, int], list[tuple[int, Verdict]]] = {}
    for event in case.recording.events:
        if event.kind == "verdict":
            found.setdefault((event.node, event.subject.trace_id), []).append((event.time_ns, event.subject))
    for (node, _), events in found.items():
        yield node, events
