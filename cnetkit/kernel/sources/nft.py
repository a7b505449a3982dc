"""Netfilter's chains and rules, with their handles and their text in the tool that made them.

It knows no rule's purpose. Sources: nft(8), iptables-save(8).
"""

from __future__ import annotations

import struct
from dataclasses import replace

from cnetkit.kernel import iptables
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Chain, Rule
from cnetkit.rules import iptables_words, nft_json

GROUPS = (nl.NFNLGRP_NFTABLES,)
TRACE_TABLE = "cnetkit_trace"
"""Our own table, which makes the kernel report what each rule decides. Snapshots leave it out."""


def generation(stack: Stack) -> int:
    """The kernel's number of the ruleset, which changes with each change; 0 if there are no tables."""
    head = struct.pack("=BBH", 0, 0, 0)
    if not stack.filter.dump(nl.NFT_MSG_GETTABLE, head):
        return 0
    answer = stack.filter.ask(nl.NFT_MSG_GETGEN, head)
    return int(struct.unpack(">I", attributes(answer, 4)[nl.NFTA_GEN_ID])[0]) if answer else 0


_read: dict[tuple[int, int], tuple[tuple[Chain, ...], tuple[Rule, ...]]] = {}


def dump(stack: Stack) -> tuple[tuple[Chain, ...], tuple[Rule, ...]]:
    """All chains and rules of a stack. Cached until the kernel's generation number changes."""
    key = (stack.inode, generation(stack))
    if key[1] == 0:
        return (), ()
    if key not in _read:
        for old in [old for old in _read if old[0] == stack.inode]:
            del _read[old]
        _read[key] = _list(stack)
    return _read[key]


def counters(stack: Stack) -> dict[str, int]:
    """What the rules of a stack have counted, where one of them switches tracing off: then no verdict says what they did."""
    if not any(action.kind == "notrace" for rule in dump(stack)[1] for action in rule.actions):
        return {}
    stack.enter()
    return nft_json.counters(stack.nft.json("list ruleset", counters=True))


def _list(stack: Stack) -> tuple[tuple[Chain, ...], tuple[Rule, ...]]:
    stack.enter()
    quotes = _quotes(stack.nft.run("list ruleset"))
    chains, rules = nft_json.ruleset(stack.name, stack.nft.json("list ruleset"), quotes)
    chains = [chain for chain in chains if chain.table != TRACE_TABLE]
    rules = [rule for rule in rules if rule.table != TRACE_TABLE]
    for family, ipv6 in (("ip", False), ("ip6", True)):
        if any(rule.family == family and rule.table in iptables.TABLES for rule in rules):
            rules = _with_iptables_text(family, rules, _saved(iptables.save(stack, ipv6)))
    return tuple(chains), tuple(rules)


def _quotes(listing: str) -> dict[tuple[str, str, int], str]:
    """The text of each rule by family, table and handle, from `nft -a -s list ruleset`: a rule's line ends in its handle."""
    quotes: dict[tuple[str, str, int], str] = {}
    family = table = ""
    for line in listing.splitlines():
        text, mark, handle = line.rpartition(" # handle ")
        if line.startswith("table "):
            _, family, table, *_ = line.split()
        elif mark and handle.isdigit():
            quotes[family, table, int(handle)] = text.strip()
    return quotes


def _saved(text: str) -> dict[tuple[str, str], list[str]]:
    """The rules in the output of iptables-save(8) by (table, chain), in order, as `iptables -S` prints them."""
    lines: dict[tuple[str, str], list[str]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            lines.setdefault((table, line.split()[1]), []).append(line)
    return lines


def _with_iptables_text(family: str, rules: list[Rule], saved: dict[tuple[str, str], list[str]]) -> list[Rule]:
    """Replaces the text of iptables' rules by iptables' own. Both tools list a chain's rules in the same order. If their numbers
    differ, the chain also has rules of other tools, and all keep nft's text."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, rule in enumerate(rules):
        if rule.family == family:
            places.setdefault((rule.table, rule.chain), []).append(place)
    result = list(rules)
    for key, lines in saved.items():
        if len(places.get(key, ())) == len(lines):
            for place, line in zip(places[key], lines, strict=True):
                result[place] = replace(rules[place], text=line, tool="iptables", **iptables_words.facts(line))
    return result


def keep_cache(stack: Stack, before: int) -> None:
    """Keeps the cached rules after a single change that was our own. `before`: the generation before it."""
    after = generation(stack)
    if after == before + 1 and (stack.inode, before) in _read:
        _read[stack.inode, after] = _read.pop((stack.inode, before))
