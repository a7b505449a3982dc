"""What the kernel reports while a capture runs: rule verdicts, changes of its tables, and what it could not keep.

Frozen dataclasses without behaviour. Sources: nft(8) (monitor trace), rtnetlink(7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cnetkit.model.netfilter import Connection
from cnetkit.model.topology import ForwardingEntry, Interface, Neighbour, Route, Topology


@dataclass(frozen=True, slots=True)
class Verdict:
    """One step of `nft monitor trace`: what a rule, or a base chain's policy, decided over one packet."""

    trace_id: int
    """The same for all steps of one packet in one node."""
    family: str
    table: str
    chain: str
    handle: int
    """0 where no rule but the chain's policy or its end decided."""
    type: Literal["rule", "return", "policy"]
    verdict: str
    """accept, drop, continue, return, stolen, queue, `jump CHAIN` or `goto CHAIN`."""
    incoming: str = ""
    outgoing: str = ""
    """The names of the interfaces, where the hook has them."""
    link_header: bytes = b""
    network_header: bytes = b""
    transport_header: bytes = b""
    """The packet's first bytes as they were when it entered the base chain; only on that chain's first step."""
    connection: int = 0
    """The conntrack entry's id, on kernels that say it (6.16 and later); else 0."""


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` and the type of `subject` belong together, as SUBJECTS says.

    `time_ns` is when the agent read the message, on the frames' clock: the kernel stamps none of these itself.
    """

    time_ns: int
    node: str
    kind: str
    action: Literal["verdict", "new", "update", "destroy"]
    subject: Any


SUBJECTS: Mapping[str, type] = {
    "verdict": Verdict,
    "connection": Connection,
    "interface": Interface,
    "route": Route,
    "neighbour": Neighbour,
    "forwarding": ForwardingEntry,
    "rules": Topology,
}
"""What an event of each kind is about. `rules`: that node's new chains and rules, as a Topology."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What the kernel, or the agent, could not keep: counted, and always shown."""

    node: str
    what: str
    """`frames` (the ring was full), or `events` (a netlink socket overran; how many were in it is not known)."""
    count: int
