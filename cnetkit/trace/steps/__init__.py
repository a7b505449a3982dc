"""The steps a packet can make from one frame to the next: one a file, in the order in which they are tried.

Each takes the Search and gives the pairs of parent and child that it finds. Why a step happened: see evidence/.
"""

from __future__ import annotations

from collections.abc import Callable

from cnetkit.trace.pairing.pairs import Pairs
from cnetkit.trace.steps import bridge, copies, flood, link, nat, routing, tunnel, uncaptured, wireguard
from cnetkit.trace.steps.search import Search

RULES: tuple[tuple[str, Callable[[Search], Pairs]], ...] = (
    ("link", link.crossed),
    ("bridge-up", bridge.taken_up),
    ("stacked-up", tunnel.stacked_up),
    ("unwrapped", tunnel.unwrapped),
    ("bridge-down", bridge.sent_down),
    ("stacked-down", tunnel.stacked_down),
    ("bridge-forward", bridge.forwarded),
    ("wrapped", tunnel.wrapped),
    ("route", routing.routed),
    ("bridge-nat", nat.lifted),
    ("nat", nat.translated),
    ("bridge-nat", nat.filtered),
    ("decrypted", wireguard.decrypted),
    ("encrypted", wireguard.encrypted),
    ("copy", copies.doubled),
    ("flood", flood.spread),
    ("gap", uncaptured.unseen),
)
"""The steps a packet can make, in the order in which they are tried."""

NAMES = ("", *(name for name, _ in RULES))
"""What the numbers in `Joined.rule` mean."""
