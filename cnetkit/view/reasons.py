"""A hop's evidence in reading order: decisive evidence first, and separately the rules that only passed the packet on.

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
    """The decisive evidence, most important first, without duplicates."""
    passed: tuple[Evidence, ...]
    """Rules that sent the packet on to another rule or chain, in their order."""


def reasons(evidence: Iterable[Evidence]) -> Reasons:
    """The evidence of one hop, sorted and without duplicates."""
    every = tuple(dict.fromkeys(evidence))
    passed = tuple(item for item in every if _rank(item) < 0)
    return Reasons(tuple(sorted((item for item in every if _rank(item) >= 0), key=_rank)), passed)


def _rank(item: Evidence) -> int:
    """Its position in the order; -1 for a rule that only passed the packet on."""
    name = item.effect if item.kind == "nft-rule" else item.kind
    if not name:
        return -1
    return ORDER.index(name) if name in ORDER else len(ORDER)
