"""Builds shell command lines: quoting, and the prefixes that make a command act on a node. It runs nothing.

Sources: ip(8), ip-netns(8), ethtool(8), bash(1).
"""

from __future__ import annotations

import shlex


def words(*parts: object) -> str:
    """One command line, quoted for the shell. Empty parts are left out."""
    return shlex.join([str(part) for part in parts if part not in ("", None)])


def ip(node: str, *parts: object) -> str:
    """ip(8) in a node."""
    return words("ip", "-n", node, *parts)


def bridge(node: str, *parts: object) -> str:
    """bridge(8) in a node."""
    return words("bridge", "-n", node, *parts)


def inside(node: str, *parts: object) -> str:
    """Any command, run in a node."""
    return words("ip", "netns", "exec", node, *parts)


def checksums_in_software(node: str, interface: str) -> str:
    """Switches transmit checksum offload off."""
    return inside(node, "ethtool", "-K", interface, "tx", "off") + " >/dev/null"


def join_master(node: str, interface: str, master: str) -> list[str]:
    """Makes the interface a port of `master`, unless that is empty."""
    return [ip(node, "link", "set", "dev", interface, "master", master)] if master else []


def here_document(command: str, text: str) -> list[str]:
    """A command with `text` as its input: a quoted here-document, in which the shell expands nothing."""
    mark = next(f"END{'_' * number}" for number in range(99) if f"END{'_' * number}" not in text.splitlines())
    return [f"{command} <<'{mark}'", text.rstrip("\n"), mark]
