"""A hop's evidence in the order that a reader needs: what decided first, and apart from it the rules that passed it on.

It adds no words of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnetkit.model import Evidence

ORDER = ("translates", "stops", "conntrack", "accepts", "route", "neighbour", "forwarding-entry", "link")


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a hop happened."""

    decisive: tuple[Evidence, ...]
    """What decided, the most telling first; nothing stands in it twice."""
    passed: tuple[Evidence, ...]
    """Rules that sent the packet on to another rule or chain, in their order."""


def reasons(evidence: Iterable[Evidence]) -> Reasons:
    """The evidence of one hop, sorted; what is said of it twice stands here once."""
    every = tuple(dict.fromkeys(evidence))
    passed = tuple(one for one in every if _rank(one) < 0)
    return Reasons(tuple(sorted((one for one in every if _rank(one) >= 0), key=_rank)), passed)


def _rank(one: Evidence) -> int:
    """Its place in the order; -1 for a rule that only passed the packet on."""
    name = one.effect if one.kind == "nft-rule" else one.kind
    if not name:
        return -1
    return ORDER.index(name) if name in ORDER else len(ORDER)
