"""The Step class: a way for a packet to come from one frame to the next, with everything the trace needs to know about
it.

Each step is defined in the file that finds it; steps/__init__.py lists them in the order in which they are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cnetkit.trace.pairing.pairs import Pairs
from cnetkit.trace.steps.search import Search


class Wanted(Enum):
    """The kinds of evidence that can say why a step happened; evidence/__init__.py has the function for each."""

    RULE = "netfilter rules"
    CONNECTION = "conntrack entry"
    ROUTE = "route"
    NEIGHBOUR = "neighbour entry"
    FDB = "forwarding entry by which a bridge chose a port"
    OWN_ADDRESS = "forwarding entry by which a bridge took a frame for itself"
    TUNNEL = "tunnel's forwarding entry or settings"
    CABLE = "veth pair or loopback"
    STACK = "interface that stands on another"
    OUTER_HEADERS = "outer headers"
    FRAMES = "frames that show it, in the words of Step.shown"
    PIECES = "fragments or segments of one packet"
    ICMP_ERROR = "packet that an ICMP error quotes"
    COMMENT = "what another tool wrote beside the frame"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One way from a frame, the parent, to the next, the child."""

    name: str
    """As in selections, `step == "route"`. Several steps may share a name."""
    find: Callable[[Search], Pairs]
    """Returns pairs of parent and child among the frames that have no parent yet."""
    sentence: str
    """What the packet did, for a learner: `It {sentence}.` `{here}` is the child's node/interface."""
    evidence: tuple[Wanted, ...] = ()
    after_rewriting: str = ""
    """Used instead of `sentence` if the sentence before already described the translation."""
    shown: tuple[str, str] = ("", "")
    """Kind and words of the evidence if only the frames show the step; with `{here}`, and `{there}` for the parent."""
    two_packets: bool = False
    """Netfilter sees a separate packet on either side of the step: the inner one and the outer one."""
