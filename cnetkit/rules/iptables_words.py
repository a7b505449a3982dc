"""Reads a rule from the options that `iptables -S` and iptables-save(8) print. Source: iptables-extensions(8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnetkit.model import Action
from cnetkit.rules.targets import endpoint

TARGETS = {
    "ACCEPT", "AUDIT", "CHECKSUM", "CLASSIFY", "CLUSTERIP", "CONNMARK", "CONNSECMARK", "CT", "DNAT", "DNPT", "DROP", "DSCP",
    "ECN", "HL", "HMARK", "IDLETIMER", "LED", "LOG", "MARK", "MASQUERADE", "NETMAP", "NFLOG", "NFQUEUE", "NOTRACK", "QUEUE",
    "RATEEST", "REDIRECT", "REJECT", "RETURN", "SECMARK", "SET", "SNAT", "SNPT", "SYNPROXY", "TARPIT", "TCPMSS",
    "TCPOPTSTRIP", "TEE", "TOS", "TPROXY", "TRACE", "TTL", "ULOG",
}  # fmt: skip
"""Built-in verdicts and the extensions' targets; any other word after `-j` is a chain."""
NAMES = {"NFQUEUE": "queue"}
"""Targets that have another name in nft."""
MATCHES = {
    "-s": "ip saddr", "-d": "ip daddr", "-i": "meta iifname", "-o": "meta oifname", "-p": "meta l4proto",
    "--sport": "th sport", "--dport": "th dport", "--sports": "th sport", "--dports": "th dport",
    "--ctstate": "ct state", "--state": "ct state", "--dst-type": "fib type", "--src-type": "fib type",
}  # fmt: skip
MODULES = {"tcp", "udp", "sctp", "multiport", "comment", "addrtype", "conntrack", "state"}
"""Matches whose matched fields are listed in MATCHES."""


def facts(text: str) -> dict[str, Any]:
    """The fields `actions`, `matches` and `comment` of a Rule."""
    matches: dict[str, None] = {}
    comment = action = ""
    target: dict[str, str] = {}
    for option, value in options(text):
        if option in ("-A", "-I", "-D"):
            continue
        if option in ("-j", "-g"):
            action, target[option] = value, value
        elif action:
            target[option] = value
        elif option == "--comment":
            comment = value
        elif option in ("--ctstate", "--state"):
            matches["ct state invalid" if {"INVALID", "UNTRACKED"} & set(value.split(",")) else "ct state"] = None
        elif option == "-m":
            matches |= {} if value in MODULES else {f"xt {value}": None}
        else:
            matches[MATCHES.get(option, f"xt {option}")] = None
    return {"actions": _actions(target), "matches": tuple(matches), "comment": comment}


def options(text: str) -> Iterator[tuple[str, str]]:
    """Each option with its values, joined by a space."""
    option, values = "", list[str]()
    for word, quoted in _words(text):
        if word.startswith("-") and not quoted and not word[1:2].isdigit():
            if option:
                yield option, " ".join(values)
            option, values = word, []
        elif word != "!" or quoted:
            values.append(word)
    if option:
        yield option, " ".join(values)


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """The words, and whether each was in quotation marks, inside which a backslash escapes the next character."""
    word, quoted, inside, letters = "", False, False, iter(text)
    for letter in letters:
        if inside and letter == "\\":
            word += next(letters, "")
        elif letter == '"':
            inside, quoted = not inside, True
        elif letter == " " and not inside:
            if word or quoted:
                yield word, quoted
            word, quoted = "", False
        else:
            word += letter
    if word or quoted:
        yield word, quoted


def _actions(options: dict[str, str]) -> tuple[Action, ...]:
    if "-g" in options:
        return (Action("goto", options["-g"]),)
    name = options.get("-j", "")
    if not name:
        return ()
    if name not in TARGETS:
        return (Action("jump", name),)
    to = options.get("--to-destination") or options.get("--to-source") or ""
    port = options.get("--to-ports", "")
    address, number = endpoint(to)
    return (Action(NAMES.get(name, name.lower()), address, int(port) if port.isdigit() else number),)
