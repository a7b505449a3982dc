"""The kernel's reports while a capture runs: rule verdicts, changes of its tables, and losses.

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
    """One step of `nft monitor trace`: the decision of a rule, or of a base chain's policy, on one packet."""

    trace_id: int
    """The same for all steps of one packet in one node."""
    family: str
    table: str
    chain: str
    handle: int
    """0 if the chain's policy or its end decided, not a rule."""
    type: Literal["rule", "return", "policy"]
    verdict: str
    """accept, drop, continue, return, stolen, queue, `jump CHAIN` or `goto CHAIN`."""
    incoming: str = ""
    outgoing: str = ""
    """The names of the interfaces, if the hook has them."""
    link_header: bytes = b""
    network_header: bytes = b""
    transport_header: bytes = b""
    """The packet's first bytes when it entered the base chain; only in that chain's first step."""
    connection: int = 0
    """The conntrack entry's id, on kernels that report it (6.16 and later); else 0."""
    mark: int = 0
    """The packet's mark (nfmark) after this step; 0 if it has none, or in a recording made before version 0.3."""


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` determines the type of `subject`; see SUBJECTS.

    `time_ns` is when the agent read the message, on the frames' clock, because the kernel adds no timestamp.
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
    "node": Topology,
}
"""The type of each kind's subject. `rules`: that node's new chains and rules, as a Topology. `node`: a node that has appeared,
with all its tables, as a Topology of it alone; of its host the interfaces that it is joined with."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that the kernel, or the agent, could not keep: counted, and always shown."""

    node: str
    what: str
    """`frames` (the ring was full), or `events` (a netlink socket overran; the number of lost events is unknown)."""
    count: int
