"""The nouns of cnetkit as frozen dataclasses; docs/ARCHITECTURE.md defines each.

Every other room imports this one. It does no I/O and imports only the standard library.
"""

from cnetkit.model.errors import CnetkitError, Interruption
from cnetkit.model.events import SUBJECTS, Event, Loss, Verdict
from cnetkit.model.journeys import Change, Direction, Effect, Evidence, Hop, Outcome, OutcomeKind, Strength, Unexplained
from cnetkit.model.netfilter import Action, Chain, Connection, LegacyRule, Rule, Tuple5
from cnetkit.model.topology import (
    ForwardingEntry,
    Interface,
    Link,
    Neighbour,
    Node,
    NodeKind,
    PolicyRule,
    Route,
    Topology,
)

__all__ = [
    "SUBJECTS",
    "Action",
    "Chain",
    "Change",
    "CnetkitError",
    "Connection",
    "Direction",
    "Effect",
    "Event",
    "Evidence",
    "ForwardingEntry",
    "Hop",
    "Interface",
    "Interruption",
    "LegacyRule",
    "Link",
    "Loss",
    "Neighbour",
    "Node",
    "NodeKind",
    "Outcome",
    "OutcomeKind",
    "PolicyRule",
    "Route",
    "Rule",
    "Strength",
    "Topology",
    "Tuple5",
    "Unexplained",
    "Verdict",
]
