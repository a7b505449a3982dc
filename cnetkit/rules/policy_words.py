"""Reads a policy rule from ip-rule(8)'s text, for recordings made before version 0.2, which have no other format."""

from __future__ import annotations

from typing import Any

ENDINGS = ("blackhole", "unreachable", "prohibit")


def facts(text: str) -> dict[str, Any]:
    """The fields `action`, `source`, `destination`, `selectors` and `values` of a PolicyRule."""
    words = text.partition(":")[2].split()
    action = words.pop() if words and words[-1] in ENDINGS else "lookup"
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    selectors = tuple(sorted(set(pairs) - {"from", "to", "lookup", "proto"})) + ("?",) * (len(words) % 2)
    source, destination = (pairs.get(key, "all") for key in ("from", "to"))
    return {
        "action": action,
        "source": "" if source == "all" else source,
        "destination": "" if destination == "all" else destination,
        "selectors": selectors,
        "values": tuple((name, pairs[name]) for name in selectors if name in pairs),
    }
