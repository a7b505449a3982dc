"""Reads chains and rules from libnftables' JSON, as `nft -j -a list ruleset` prints it.

Rules added by iptables contain `xt` expressions, which only name a match or target: their options are read by
iptables_words.py. Source: libnftables-json(5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnetkit.model import Action, Chain, Rule
from cnetkit.rules.iptables_words import NAMES
from cnetkit.rules.targets import endpoint

Quotes = Mapping[tuple[str, str, int], str]
"""The text of each rule, by family, table and handle."""
Maps = Mapping[tuple[str, str, str], Sequence[Any]]
"""The elements of each verdict map, by family, table and `@name`."""
VERDICTS = ("accept", "drop", "continue", "return", "jump", "goto", "queue")
SILENT = ("counter", "comment")
"""Statements that neither match nor change a packet."""
LIMITS = {"limit": "limit", "quota": "quota", "ct count": "ct count"}
KEYS = ("meta", "rt", "socket", "osf", "tunnel", "ipsec")
"""Expressions that are a single key of a packet, by name."""


def ruleset(node: str, document: Mapping[str, Any], quotes: Quotes) -> tuple[list[Chain], list[Rule]]:
    """The chains and rules of one node, in the kernel's order."""
    objects = [(kind, body) for entry in document["nftables"] for kind, body in entry.items()]
    maps = {
        (body["family"], body["table"], f"@{body['name']}"): body.get("elem", ())
        for kind, body in objects if kind == "map" and body.get("map") == "verdict"
    }  # fmt: skip
    chains = [_chain(node, body) for kind, body in objects if kind == "chain"]
    hooks = {(one.family, one.table, one.name): one.hook for one in chains}
    rules = [_rule(node, body, hooks, maps, quotes) for kind, body in objects if kind == "rule"]
    return chains, rules


def counters(document: Mapping[str, Any]) -> dict[str, int]:
    """How many packets each rule with a counter has counted: `nft ip filter input 3`, with the rule's handle."""
    rules = [body for entry in document["nftables"] for kind, body in entry.items() if kind == "rule"]
    return {
        f"nft {body['family']} {body['table']} {body['chain']} {body['handle']}": int(expression["counter"]["packets"])
        for body in rules for expression in body.get("expr", ())
        if isinstance(expression.get("counter"), dict) and "packets" in expression["counter"]
    }  # fmt: skip


def _chain(node: str, body: Mapping[str, Any]) -> Chain:
    place = node, body["family"], body["table"], body["name"]
    return Chain(*place, body.get("hook", ""), body.get("prio", 0), body.get("policy", ""))


def _rule(
    node: str, body: Mapping[str, Any], hooks: Mapping[tuple[str, str, str], str], maps: Maps, quotes: Quotes
) -> Rule:
    family, table, chain, handle = body["family"], body["table"], body["chain"], body["handle"]
    actions: dict[Action, None] = {}
    matches: dict[str, None] = {}
    for expression in body.get("expr", ()):
        for kind, value in expression.items():
            read = _statement(kind, value, lambda name: maps.get((family, table, name), ()))
            actions |= dict.fromkeys(read[0])
            matches |= dict.fromkeys(read[1])
    return Rule(
        node, family, table, chain, handle, quotes.get((family, table, handle), ""), "nft",
        hooks.get((family, table, chain), ""), tuple(actions), tuple(matches), body.get("comment", ""),
    )  # fmt: skip


def _statement(kind: str, value: Any, elements: Any) -> tuple[list[Action], list[str]]:  # noqa: ANN401 - JSON
    """The action of a statement, and the keys that it matches."""
    if kind == "match":
        return [], _asked(value)
    if kind == "vmap":
        data = value["data"]
        choices = elements(data) if isinstance(data, str) else data.get("set", ())
        return [_verdict(choice[1]) for choice in choices], _keys(value["key"]) + _invalid(value["key"], choices)
    if kind in VERDICTS:
        return [_verdict({kind: value})], []
    if kind in LIMITS:
        return [], [LIMITS[kind]]
    if kind in SILENT:
        return [], []
    if kind == "xt":
        return _extension(value)
    if kind in ("dnat", "snat", "redirect", "masquerade", "tproxy"):
        return [_translation(kind, value or {})], _keys(value)
    if kind == "mangle" and value["key"] == {"meta": {"key": "nftrace"}} and not value["value"]:
        return [Action("notrace")], []
    if kind == "mangle":
        return [Action(kind)], _keys(value["value"])
    return [Action(kind)], _keys(value)


def _asked(value: Mapping[str, Any]) -> list[str]:
    """The keys that a match compares."""
    right = value["right"]
    asked = right if isinstance(right, list) else right.get("set", []) if isinstance(right, dict) else [right]
    return _keys(value["left"]) + _invalid(value["left"], [(one, None) for one in asked])


def _invalid(key: Any, choices: Sequence[Any]) -> list[str]:  # noqa: ANN401 - JSON
    state = "ct state" in _keys(key) and any(choice[0] in ("invalid", "untracked") for choice in choices)
    return ["ct state invalid"] if state else []


def _verdict(value: Mapping[str, Any]) -> Action:
    (kind, body), *_ = value.items()
    return Action(kind, body["target"] if isinstance(body, dict) and "target" in body else "")


def _translation(kind: str, value: Mapping[str, Any]) -> Action:
    address, port = value.get("addr", ""), value.get("port", 0)
    return Action(kind, endpoint(address)[0] if isinstance(address, str) else "", port if isinstance(port, int) else 0)


def _extension(value: Mapping[str, Any]) -> tuple[list[Action], list[str]]:
    name = value.get("name", "")
    if value.get("type") == "target":
        return [Action(NAMES.get(name, name.lower()))], []
    return [], [] if name == "comment" else [f"xt {name}"]


def _keys(value: Any) -> list[str]:  # noqa: ANN401 - JSON
    """The packet keys in an expression, at any depth."""
    return list(dict.fromkeys(_walk(value)))


def _walk(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        for part in value:
            yield from _walk(part)
    if not isinstance(value, dict):
        return
    for kind, body in value.items():
        if kind == "payload":
            yield f"{body['protocol']} {body['field']}" if "field" in body else "raw payload"
        elif kind == "ct":
            yield " ".join(word for word in ("ct", body.get("dir", ""), body["key"]) if word)
        elif kind in KEYS:
            yield f"{kind} {body['key']}" if isinstance(body, dict) and "key" in body else kind
        elif kind == "fib":
            yield f"fib {body['result']}"
        elif kind in ("numgen", "jhash", "symhash", "exthdr", "tcp option", "ip option", "sctp chunk"):
            yield kind
            yield from _walk(body)
        else:
            yield from _walk(body)
