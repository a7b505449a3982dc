"""What each netfilter rule decides about a packet: the notifications behind `nft monitor trace`, and the table that enables them.

Sources: nft(8), linux/netfilter/nf_tables.h (NFTA_TRACE_*).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Literal

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, big_endian, string
from cnetkit.kernel.sources import nft
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack
from cnetkit.model import CnetkitError, Verdict

GROUPS = (nl.NFNLGRP_NFTRACE,)
_BEGINS, _ENDS = ("ingress", "prerouting", "output"), ("input", "postrouting")
_FIRST, _LAST = -(1 << 31) + 1, (1 << 31) - 2
"""The priorities of our chains: before all others, but behind br_netfilter's first hook, which spares a packet that a bridge
hands up a second prerouting; and after all but conntrack's last one (br_netfilter_hooks.c, linux/netfilter_ipv4.h)."""
_MOST_DEVICES = 256
"""As many as one chain can have (linux/netfilter/nf_tables.h, NFT_NETDEVICE_MAX)."""
_LAYERS = {"netdev": 0, "bridge": 1}
"""The order in which a packet meets our tables as it comes in; inet is last."""
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_VERDICTS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", 4: "repeat", -1: "continue", -2: "break", -3: "jump",
             -4: "goto", -5: "return"}  # fmt: skip
_TYPES: dict[int, Literal["rule", "return", "policy"]] = {1: "policy", 2: "return", 3: "rule"}


class PacketIds:
    """Gives the verdicts of each packet a unique trace id.

    The kernel derives its id from the packet's address in memory and its interface, so the next packet may have the same one, and
    a packet that a bridge passes up gets a new one. But each packet starts in the first chain of our tables (netdev before bridge
    before inet), and ends in one of their last chains or is dropped.
    """

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self._layers: dict[int, int] = {}
        """By the kernel's id: in which of our tables the packet was seen last as it began."""
        self._serial = 0

    def renumber(self, verdict: Verdict) -> Verdict:
        """The verdict with its packet's unique id."""
        ours = verdict.table == nft.TRACE_TABLE
        begins = ours and verdict.chain in _BEGINS and bool(verdict.network_header)
        layer = _LAYERS.get(verdict.family, 2)
        again = begins and layer <= self._layers.get(verdict.trace_id, -1)
        if verdict.trace_id not in self._ids or again:
            self._serial += 1
            self._ids[verdict.trace_id] = self._serial
        if begins:
            self._layers[verdict.trace_id] = layer
        serial = self._ids[verdict.trace_id]
        if verdict.verdict == "drop" or (ours and verdict.chain in _ENDS and verdict.type == "policy"):
            del self._ids[verdict.trace_id]
            self._layers.pop(verdict.trace_id, None)
        return replace(verdict, trace_id=serial)


def read(body: bytes, names: Names) -> Verdict:
    """Decodes a message of NFNLGRP_NFTRACE (struct nfgenmsg and attributes)."""
    values = attributes(body, 4)
    decided = attributes(values.get(nl.NFTA_TRACE_VERDICT, b""))
    kind = _TYPES.get(big_endian(values.get(nl.NFTA_TRACE_TYPE, b"")), "rule")
    code = values.get(nl.NFTA_TRACE_POLICY, b"") if kind == "policy" else decided.get(nl.NFTA_VERDICT_CODE, b"")
    number = big_endian(code, signed=True)
    word = _VERDICTS.get(number, str(number))
    if nl.NFTA_VERDICT_CHAIN in decided:
        word += " " + string(decided[nl.NFTA_VERDICT_CHAIN])
    return Verdict(
        trace_id=big_endian(values.get(nl.NFTA_TRACE_ID, b"")),
        family=_FAMILIES.get(body[0], str(body[0])),
        table=string(values.get(nl.NFTA_TRACE_TABLE, b"")),
        chain=string(values.get(nl.NFTA_TRACE_CHAIN, b"")),
        handle=big_endian(values.get(nl.NFTA_TRACE_RULE_HANDLE, b"")),
        type=kind,
        verdict=word,
        incoming=names[big_endian(values[nl.NFTA_TRACE_IIF])] if nl.NFTA_TRACE_IIF in values else "",
        outgoing=names[big_endian(values[nl.NFTA_TRACE_OIF])] if nl.NFTA_TRACE_OIF in values else "",
        link_header=values.get(nl.NFTA_TRACE_LL_HEADER, b""),
        network_header=values.get(nl.NFTA_TRACE_NETWORK_HEADER, b""),
        transport_header=values.get(nl.NFTA_TRACE_TRANSPORT_HEADER, b""),
        connection=big_endian(values.get(nl.NFTA_TRACE_CT_ID, b"")),
        mark=big_endian(values.get(nl.NFTA_TRACE_MARK, b"")),
    )


def trace_on(stack: Stack, families: Set[str], packets_per_second: int = 500) -> None:
    """Makes the kernel report each rule's verdict, for at most `packets_per_second` in each direction.

    Empty chains at the end of the hooks make it report a packet as it leaves, too. If others have chains of the `families`
    netdev and bridge, packets are reported there too: as they come in at a device, or at a bridge.
    """
    before = nft.generation(stack)
    mark = f"limit rate {packets_per_second}/second burst {packets_per_second} packets meta nftrace set 1"
    first = {
        hook: f"type filter hook {hook} priority {_FIRST}; policy accept; {mark};" for hook in ("prerouting", "output")
    }
    last = {
        hook: f"type filter hook {hook} priority {_LAST}; policy accept;"
        for hook in ("input", "forward", "postrouting")
    }
    tables = [_table("inet", first | last)]
    if "bridge" in families:
        tables.append(_table("bridge", first))
    if "netdev" in families:
        stack.enter()
        names = ", ".join(f'"{name}"' for _, name in socket.if_nameindex()[:_MOST_DEVICES])
        hook = f"type filter hook ingress devices = {{ {names} }} priority {_FIRST}; policy accept; {mark};"
        tables.append(_table("netdev", {"ingress": hook}))
    try:
        stack.nft.run("\n".join(tables))
    except CnetkitError:  # a device that went away meanwhile
        stack.nft.run(tables[0])
    nft.keep_cache(stack, before)


def _table(family: str, chains: Mapping[str, str]) -> str:
    """Adds our table in a family."""
    body = "\n".join(f"chain {name} {{ {text} }}" for name, text in chains.items())
    return f"add table {family} {nft.TRACE_TABLE} {{\n{body}\n}}"


def trace_off(stack: Stack) -> None:
    """Removes the tracing tables. Does nothing if a learner has already deleted them."""
    before = nft.generation(stack)
    table = nft.TRACE_TABLE
    families = ["inet", *(family for family in _LAYERS if stack.nft.has_table(family, table))]
    stack.nft.run("\n".join(f"add table {family} {table}\ndelete table {family} {table}" for family in families))
    nft.keep_cache(stack, before)
