"""Reads a rule from nft's text, for recordings made before version 0.2, which have no other format.

Only what such a recording needs: verdicts, chains, translations, and every word that may match more than a packet's
addresses, ports or connection. Source: nft(8).
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from cnetkit.model import Action
from cnetkit.rules.targets import endpoint

VERDICTS = {"accept", "drop", "reject", "queue", "synproxy", "return", "continue", "masquerade", "redirect"}
PLAIN = {
    "ip", "ip6", "tcp", "udp", "icmp", "icmpv6", "icmpx", "saddr", "daddr", "dport", "sport", "iif", "oif", "iifname", "oifname",
    "meta", "l4proto", "protocol", "nfproto", "ipv4", "ipv6", "ct", "state", "new", "established", "related", "fib", "type",
    "local", "accept", "drop", "reject", "with", "port-unreachable", "admin-prohibited", "reset", "return", "continue", "counter",
    "packets", "bytes", "comment",
}  # fmt: skip
"""Words of rules that match nothing else."""
_LETTERS = set(string.ascii_lowercase + string.digits + "_-")


def facts(text: str) -> dict[str, Any]:
    """The fields `actions`, `matches` and `comment` of a Rule. Matches are named by single words of nft."""
    plain, _, rest = text.partition(' comment "')
    words = " ".join(plain.split('"')[::2]).split()
    actions: dict[Action, None] = {}
    others: list[str] = []
    place = 0
    while place < len(words):
        word = words[place].strip("{},;")
        action, used = _action(word, words[place + 1 :])
        if action is not None:
            actions[action] = None
        if used:
            others += [words[place]] if word not in ("jump", "goto") else []
        elif not word.startswith(("@", "0x")):
            others.append(word)
        place += 1 + used
    matches = dict.fromkeys(word for one in others for word in _lower(one) if word not in PLAIN)
    return {"actions": tuple(actions), "matches": tuple(matches), "comment": rest.removesuffix('"')}


def _action(word: str, following: Sequence[str]) -> tuple[Action | None, int]:
    """The action that a word begins, and the number of following words that belong to it."""
    if word in ("jump", "goto") and following:
        return Action(word, following[0].strip("{},;")), 1
    if word == "redirect" and following[:1] == ["to"]:
        return Action(word, *endpoint("".join(following[1:2]))), 2
    if word in ("dnat", "snat"):
        family = int(following[:1] in (["ip"], ["ip6"]))
        if following[family : family + 1] != ["to"]:
            return None, 0  # `ct status dnat`
        return Action(word, *endpoint("".join(following[family + 1 : family + 2]))), family + 2
    return (Action(word), 0) if word in VERDICTS else (None, 0)


def _lower(word: str) -> list[str]:
    """The lower-case words in the text, of letters, digits, `-` and `_`."""
    parts = "".join(letter if letter in _LETTERS else " " for letter in word).split()
    return [part for part in parts if part[0].isalpha() or part[0] == "_"]
