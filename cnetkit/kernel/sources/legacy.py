"""The rules of iptables-legacy with their counters. The kernel reports no verdicts of them, so the counters are their only trace.

It loads no table: iptables-legacy-save(8) lists only those in /proc/net/ip_tables_names, and is not started if there are none.
"""

from __future__ import annotations

import subprocess
from typing import Literal

from cnetkit.kernel.programs import program
from cnetkit.kernel.stacks import Stack
from cnetkit.model import CnetkitError, LegacyRule
from cnetkit.rules import iptables_words

Family = Literal["ip", "ip6"]
FAMILIES: dict[Family, tuple[str, str]] = {
    "ip": ("/proc/net/ip_tables_names", "iptables-legacy-save"),
    "ip6": ("/proc/net/ip6_tables_names", "ip6tables-legacy-save"),
}


def dump(stack: Stack) -> tuple[LegacyRule, ...]:
    """All rules and policies of a node's legacy tables; of a table that cannot be listed, nothing."""
    stack.enter()
    rules: list[LegacyRule] = []
    for family, (names, command) in FAMILIES.items():
        try:
            with open(names, encoding="ascii") as file:
                loaded = file.read().split()
        except OSError:
            continue
        if loaded:
            try:
                done = subprocess.run([program(command), "-c"], capture_output=True, check=False)
            except (OSError, CnetkitError):
                continue
            rules += read(stack.name, family, done.stdout.decode(errors="replace"))
    return tuple(rules)


def read(node: str, family: Family, saved: str) -> list[LegacyRule]:
    """The rules in the output of `iptables-legacy-save -c`: `[2:120] -A INPUT -j DROP`; policies: `:INPUT DROP [2:120]`."""
    rules: list[LegacyRule] = []
    policies: list[LegacyRule] = []
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chain, policy, counts = line[1:].split()
            if policy not in ("ACCEPT", "-"):
                facts = iptables_words.facts(f"-j {policy}")
                policies.append(
                    LegacyRule(node, family, table, chain, f"-P {chain} {policy}", _packets(counts), **facts)
                )
        elif line.startswith("["):
            counts, _, text = line.partition(" ")
            facts = iptables_words.facts(text)
            rules.append(LegacyRule(node, family, table, text.split()[1], text, _packets(counts), **facts))
    return rules + policies


def _packets(counts: str) -> int:
    """The number of packets in `[2:120]`."""
    return int(counts[1:].partition(":")[0])
