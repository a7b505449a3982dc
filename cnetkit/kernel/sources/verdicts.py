"""What each netfilter rule decides about a packet: the notifications behind `nft monitor trace`, and the table that enables them.

Sources: nft(8), linux/netfilter/nf_tables.h (NFTA_TRACE_*).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, big_endian, string
from cnetkit.kernel.sources import nft
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Verdict

GROUPS = (nl.NFNLGRP_NFTRACE,)
_BEGINS, _ENDS = ("prerouting", "output"), ("input", "postrouting")
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_VERDICTS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", 4: "repeat", -1: "continue", -2: "break", -3: "jump",
             -4: "goto", -5: "return"}  # fmt: skip
_TYPES: dict[int, Literal["rule", "return", "policy"]] = {1: "policy", 2: "return", 3: "rule"}


class PacketIds:
    """Gives the verdicts of each packet a unique trace id.

    The kernel derives its id from the packet's address in memory and its interface, so the next packet may have the same one, and
    a packet that a bridge passes up gets a new one. But each packet starts in the first chain of our table, and ends in one of
    its last chains or is dropped.
    """

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self._serial = 0

    def renumber(self, verdict: Verdict) -> Verdict:
        """The verdict with its packet's unique id."""
        ours = verdict.table == nft.TRACE_TABLE
        begins = ours and verdict.chain in _BEGINS
        if verdict.trace_id not in self._ids or (begins and verdict.network_header):
            self._serial += 1
            self._ids[verdict.trace_id] = self._serial
        serial = self._ids[verdict.trace_id]
        if verdict.verdict == "drop" or (ours and verdict.chain in _ENDS and verdict.type == "policy"):
            del self._ids[verdict.trace_id]
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


def trace_on(stack: Stack, packets_per_second: int = 500) -> None:
    """Makes the kernel report each rule's verdict, for at most `packets_per_second` in each direction.

    Empty chains at the end of the hooks make it report a packet as it leaves, too.
    """
    before = nft.generation(stack)
    mark = f"limit rate {packets_per_second}/second burst {packets_per_second} packets meta nftrace set 1"
    first = dict.fromkeys(_BEGINS, -1000)
    last = {"input": 1000, "forward": 1000, "postrouting": 1000}
    chains = [f"chain {h} {{ type filter hook {h} priority {p}; policy accept; {mark}; }}" for h, p in first.items()]
    chains += [f"chain {h} {{ type filter hook {h} priority {p}; policy accept; }}" for h, p in last.items()]
    body = "\n".join(chains)
    stack.nft.run(f"add table inet {nft.TRACE_TABLE} {{\n{body}\n}}")
    nft.keep_cache(stack, before)


def trace_off(stack: Stack) -> None:
    """Removes the tracing table. Does nothing if a learner has already deleted it."""
    before = nft.generation(stack)
    stack.nft.run(f"add table inet {nft.TRACE_TABLE}\ndelete table inet {nft.TRACE_TABLE}")
    nft.keep_cache(stack, before)
