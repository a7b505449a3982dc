"""A hop's evidence in the order that a reader needs: what decided first, and apart from it the rules that passed it on.

It reads the words of rules as iptables and nft write them, and adds none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cnetkit.model import Evidence

TRANSLATES = re.compile(
    r"-j (DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP|TPROXY)\b|\b(dnat|snat|masquerade|redirect|tproxy)\b"
)
ENDS = re.compile(r"-j (DROP|REJECT)\b|\b(drop|reject)\b")
ACCEPTS = re.compile(r"-j ACCEPT\b|\baccept\b")
ORDER = ("translates", "ends", "conntrack", "accepts", "route", "neighbour", "forwarding-entry", "link")


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


@lru_cache(maxsize=4096)
def _rank(one: Evidence) -> int:
    """Its place in the order; -1 for a rule that only passed the packet on."""
    if one.kind != "nft-rule":
        return ORDER.index(one.kind) if one.kind in ORDER else len(ORDER)
    for name, pattern in (("translates", TRANSLATES), ("ends", ENDS), ("accepts", ACCEPTS)):
        if pattern.search(_verdict(one.quote)):
            return ORDER.index(name)
    return -1


def _verdict(rule: str) -> str:
    """A rule's text without quoted comments and prefixes, which may hold any word."""
    return re.sub(r'"[^"]*"', "", rule)
