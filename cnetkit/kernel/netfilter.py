"""Netfilter's rules: laid with iptables' own program, read back with their handles and the words of the tool that laid them.

It knows no rule's purpose. Sources: iptables-restore(8), nft(8).
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from dataclasses import replace

from cnetkit.kernel.netlink import attributes
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Chain, CnetkitError, Rule
from cnetkit.rules import iptables_words, nft_json

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TRACE_TABLE = "cnetkit_trace"
TRACE_BEGINS, TRACE_ENDS = ("prerouting", "output"), ("input", "postrouting")
"""Ours: it asks the kernel to report what each rule decides. It is left out of snapshots."""

_NFT, _GETGEN, _GETTABLE = 10 << 8, 16, 1
_IPTABLES_TABLES = {"filter", "nat", "mangle", "raw", "security"}


def program(name: str) -> str:
    """The path of a program. CnetkitError where it is not installed."""
    found = shutil.which(name, path=PATH + os.pathsep + os.environ.get("PATH", ""))
    if found is None:
        raise CnetkitError(f"the program {name} is not installed: run 'cnetkit doctor' to see which package has it")
    return found


def restore(stack: Stack, text: str, ipv6: bool = False, *, flush: bool = False) -> None:
    """Lays rules given in iptables-restore(8) form beside those that are there, or in their place with `flush`; each
    table's all or none.

    CnetkitError with iptables' own words where it refuses them.
    """
    stack.enter()
    command = program("ip6tables-nft-restore" if ipv6 else "iptables-nft-restore")
    options = ["--wait"] if flush else ["--noflush", "--wait"]
    done = subprocess.run([command, *options], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise CnetkitError(f"iptables refused rules in {stack.name}: {said[0] if said else done.returncode}")


def save(stack: Stack, ipv6: bool = False) -> str:
    """All of a stack's iptables rules, in iptables-restore(8) form."""
    stack.enter()
    command = program("ip6tables-nft-save" if ipv6 else "iptables-nft-save")
    return subprocess.run([command], capture_output=True, check=True).stdout.decode(errors="replace")


def put_back(stack: Stack, saved: str, ipv6: bool = False) -> None:
    """Makes a stack's iptables rules those of `saved` again. A table that is new since then is emptied."""
    missing = [table for table in _IPTABLES_TABLES if f"*{table}\n" not in saved and has_table(stack, "ip", table)]
    restore(stack, saved + "".join(f"*{table}\nCOMMIT\n" for table in missing), ipv6, flush=True)


def has_table(stack: Stack, family: str, name: str) -> bool:
    """Whether there is a table of this name."""
    return f"table {family} {name}" in {line.partition(" #")[0] for line in stack.nft.run("list tables").splitlines()}


def generation(stack: Stack) -> int:
    """A number that changes with each change of the rule set; 0 where there are no tables at all."""
    head = struct.pack("=BBH", 0, 0, 0)
    if not stack.filter.dump(_NFT | _GETTABLE, head):
        return 0
    found = stack.filter.one(_NFT | _GETGEN, head)
    return int(struct.unpack(">I", attributes(found, 4)[1])[0]) if found else 0


_read: dict[tuple[int, int], tuple[tuple[Chain, ...], tuple[Rule, ...]]] = {}


def rules(stack: Stack) -> tuple[tuple[Chain, ...], tuple[Rule, ...]]:
    """All chains and rules of a stack. Read anew only when the kernel's generation number has changed."""
    key = (stack.inode, generation(stack))
    if key[1] == 0:
        return (), ()
    if key not in _read:
        for old in [old for old in _read if old[0] == stack.inode]:
            del _read[old]
        _read[key] = _list(stack)
    return _read[key]


def _list(stack: Stack) -> tuple[tuple[Chain, ...], tuple[Rule, ...]]:
    stack.enter()
    chains, found = nft_json.ruleset(stack.name, stack.nft.json("list ruleset"), _quotes(stack.nft.run("list ruleset")))
    chains = [chain for chain in chains if chain.table != TRACE_TABLE]
    found = [rule for rule in found if rule.table != TRACE_TABLE]
    for family, ipv6 in (("ip", False), ("ip6", True)):
        if any(rule.family == family and rule.table in _IPTABLES_TABLES for rule in found):
            found = _worded_by_iptables(family, found, _saved(save(stack, ipv6)))
    return tuple(chains), tuple(found)


def _quotes(listing: str) -> dict[tuple[str, str, int], str]:
    """The text of each rule, by family, table and handle, from `nft -a -s list ruleset`: a line that ends in its handle."""
    quotes: dict[tuple[str, str, int], str] = {}
    family = table = ""
    for line in listing.splitlines():
        text, mark, handle = line.rpartition(" # handle ")
        if line.startswith("table "):
            _, family, table, *_ = line.split()
        elif mark and handle.isdigit():
            quotes[family, table, int(handle)] = text.strip()
    return quotes


def _saved(said: str) -> dict[tuple[str, str], list[str]]:
    """What iptables-save(8) prints, as (table, chain) → its rules in order, as `iptables -S` words them."""
    found: dict[tuple[str, str], list[str]] = {}
    table = ""
    for line in said.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            found.setdefault((table, line.split()[1]), []).append(line)
    return found


def _worded_by_iptables(family: str, found: list[Rule], saved: dict[tuple[str, str], list[str]]) -> list[Rule]:
    """Gives iptables' rules iptables' words. Both tools list a chain's rules in the same order; where their numbers
    differ, the chain is not all iptables' own, and nft's words stay."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, rule in enumerate(found):
        if rule.family == family:
            places.setdefault((rule.table, rule.chain), []).append(place)
    worded = list(found)
    for key, lines in saved.items():
        if len(places.get(key, ())) == len(lines):
            for place, line in zip(places[key], lines, strict=True):
                worded[place] = replace(found[place], text=line, tool="iptables", **iptables_words.facts(line))
    return worded


def trace_on(stack: Stack, packets_per_second: int = 500) -> None:
    """Asks the kernel to report each rule's verdict, for at most so many packets a second in each direction.

    The chains that only look stand last in their hooks, so that a packet is also reported as it leaves.
    """
    before = generation(stack)
    mark = f"limit rate {packets_per_second}/second burst {packets_per_second} packets meta nftrace set 1"
    first = dict.fromkeys(TRACE_BEGINS, -1000)
    last = {"input": 1000, "forward": 1000, "postrouting": 1000}
    chains = [f"chain {h} {{ type filter hook {h} priority {p}; policy accept; {mark}; }}" for h, p in first.items()]
    chains += [f"chain {h} {{ type filter hook {h} priority {p}; policy accept; }}" for h, p in last.items()]
    body = "\n".join(chains)
    stack.nft.run(f"add table inet {TRACE_TABLE} {{\n{body}\n}}")
    _still_as(stack, before)


def trace_off(stack: Stack) -> None:
    """Takes the tracing table away again; where a learner has already flushed it, there is nothing to do."""
    before = generation(stack)
    stack.nft.run(f"add table inet {TRACE_TABLE}\ndelete table inet {TRACE_TABLE}")
    _still_as(stack, before)


def _still_as(stack: Stack, before: int) -> None:
    """After one change that was only ours: the rules that were read need not be read again."""
    after = generation(stack)
    if after == before + 1 and (stack.inode, before) in _read:
        _read[stack.inode, after] = _read.pop((stack.inode, before))
