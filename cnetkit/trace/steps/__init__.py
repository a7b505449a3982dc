"""The steps that a packet can make from one frame to the next: one kind per file, in the order in which they are
tried.

To add a step, define a `Step` in a file of its own, and add a line here. How strong each is: docs/engine.md.
"""

from __future__ import annotations

from cnetkit.trace.pairing.pairs import NO_PAIRS
from cnetkit.trace.steps.bridge import BRIDGE_DOWN, BRIDGE_FORWARD, BRIDGE_UP
from cnetkit.trace.steps.copies import COPY
from cnetkit.trace.steps.flood import FLOOD
from cnetkit.trace.steps.link import LINK
from cnetkit.trace.steps.nat import BRIDGE_NAT, BRIDGE_NAT_UP, NAT
from cnetkit.trace.steps.relay import RELAY
from cnetkit.trace.steps.routing import ROUTE
from cnetkit.trace.steps.step import Step, Wanted
from cnetkit.trace.steps.tunnel import STACKED_ACROSS, STACKED_BESIDE, STACKED_DOWN, STACKED_UP, UNWRAPPED, WRAPPED
from cnetkit.trace.steps.uncaptured import GAP
from cnetkit.trace.steps.wireguard import DECRYPTED, ENCRYPTED

START = Step(
    "",
    lambda search: NO_PAIRS,
    "was seen at {here}",
    (Wanted.RULE, Wanted.CONNECTION, Wanted.ROUTE, Wanted.NEIGHBOUR),
)
"""The first frame of a journey, which has no parent. Its evidence is that of a packet which the node itself sends."""

STEPS: tuple[Step, ...] = (
    START,
    LINK,
    BRIDGE_UP,
    STACKED_UP,
    UNWRAPPED,
    BRIDGE_DOWN,
    STACKED_DOWN,
    STACKED_ACROSS,
    STACKED_BESIDE,
    BRIDGE_FORWARD,
    WRAPPED,
    ROUTE,
    BRIDGE_NAT_UP,
    NAT,
    BRIDGE_NAT,
    DECRYPTED,
    ENCRYPTED,
    RELAY,
    COPY,
    FLOOD,
    GAP,
)
"""From the most certain to the weakest: a frame that has a parent is not tried again."""

NAMES = tuple(step.name for step in STEPS)
"""The names of the numbers in `Joined.step`."""
