"""Applies and saves netfilter rules with iptables' own programs. It knows no rule's purpose.

Source: iptables-restore(8), iptables-save(8), of the nf_tables variant.
"""

from __future__ import annotations

import subprocess

from cnetkit.kernel.programs import program
from cnetkit.kernel.stacks import Stack
from cnetkit.model import CnetkitError

TABLES = {"filter", "nat", "mangle", "raw", "security"}


def restore(stack: Stack, text: str, ipv6: bool = False, *, flush: bool = False) -> None:
    """Adds rules in iptables-restore(8) form to the existing ones, or replaces those with `flush`. Each table is changed as a
    whole or not at all.

    CnetkitError with iptables' own message if it refuses them.
    """
    stack.enter()
    command = program("ip6tables-nft-restore" if ipv6 else "iptables-nft-restore")
    options = ["--wait"] if flush else ["--noflush", "--wait"]
    done = subprocess.run([command, *options], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        errors = done.stderr.decode(errors="replace").strip().splitlines()
        raise CnetkitError(f"iptables refused rules in {stack.name}: {errors[0] if errors else done.returncode}")


def save(stack: Stack, ipv6: bool = False) -> str:
    """All of a stack's iptables rules, in iptables-restore(8) form."""
    stack.enter()
    command = program("ip6tables-nft-save" if ipv6 else "iptables-nft-save")
    return subprocess.run([command], capture_output=True, check=True).stdout.decode(errors="replace")


def put_back(stack: Stack, saved: str, ipv6: bool = False) -> None:
    """Restores a stack's iptables rules to those of `saved`. Tables that are new since then are emptied."""
    family = "ip6" if ipv6 else "ip"
    missing = [table for table in TABLES if f"*{table}\n" not in saved and stack.nft.has_table(family, table)]
    restore(stack, saved + "".join(f"*{table}\nCOMMIT\n" for table in missing), ipv6, flush=True)
