"""nfnetlink's messages, read as the model's nouns: connections and the verdicts of `nft monitor trace`.

It decodes and asks nothing. Sources: linux/netfilter/nfnetlink_conntrack.h, nf_tables.h, nf_conntrack_common.h,
nf_conntrack_tcp.h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from cnetkit.kernel.netlink import attributes
from cnetkit.kernel.tables import ip
from cnetkit.model import Connection, Tuple5, Verdict

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
_STATUS = ("expected", "seen-reply", "assured", "confirmed", "src-nat", "dst-nat", "seq-adjust", "src-nat-done",
           "dst-nat-done", "dying", "fixed-timeout", "template", "untracked", "helper", "offload")  # fmt: skip
_TCP_STATES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
               "SYN_SENT2")  # fmt: skip
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_VERDICTS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", 4: "repeat", -1: "continue", -2: "break", -3: "jump",
             -4: "goto", -5: "return"}  # fmt: skip
_TYPES: dict[int, Literal["rule", "return", "policy"]] = {1: "policy", 2: "return", 3: "rule"}


def _be(value: bytes, signed: bool = False) -> int:
    return int.from_bytes(value, "big", signed=signed)


def _tuple(data: bytes) -> tuple[Tuple5, int]:
    found = attributes(data)
    addresses, proto = attributes(found.get(1, b"")), attributes(found.get(2, b""))
    source, destination = addresses.get(1) or addresses.get(3), addresses.get(2) or addresses.get(4)
    identifier = _be(proto.get(4) or proto.get(7) or b"")
    return Tuple5(
        ip(source) if source else "",
        ip(destination) if destination else "",
        _be(proto[2]) if 2 in proto else identifier,
        _be(proto[3]) if 3 in proto else identifier,
    ), _be(proto.get(1, b""))


def connection(node: str, body: bytes) -> Connection:
    """A conntrack message (struct nfgenmsg and attributes), worded as conntrack(8) does it."""
    found = attributes(body, 4)
    original, number = _tuple(found.get(1, b""))
    reply, _ = _tuple(found.get(2, b""))
    bits = _be(found.get(3, b""))
    status = tuple(word for place, word in enumerate(_STATUS) if bits >> place & 1)
    tcp = attributes(attributes(found.get(4, b"")).get(1, b""))
    state = _TCP_STATES[tcp[1][0]] if 1 in tcp and tcp[1][0] < len(_TCP_STATES) else ""
    protocol = _PROTOCOLS.get(number, str(number))
    words = [protocol, state, _side(original, protocol), "" if "seen-reply" in status else "[UNREPLIED]"]
    words += [_side(reply, protocol), "[ASSURED]" if "assured" in status else ""]
    text = " ".join(word for word in words if word)
    return Connection(node, _be(found.get(12, b"")), protocol, original, reply, status, state, text)


def _side(one: Tuple5, protocol: str) -> str:
    if protocol in ("icmp", "icmpv6"):
        return f"src={one.source} dst={one.destination} id={one.source_port}"
    return f"src={one.source} dst={one.destination} sport={one.source_port} dport={one.destination_port}"


def verdict(body: bytes, name: Callable[[int], str]) -> Verdict:
    """A message of NFNLGRP_NFTRACE (struct nfgenmsg and attributes)."""
    found = attributes(body, 4)
    decided = attributes(found.get(5, b""))
    kind = _TYPES.get(_be(found.get(4, b"")), "rule")
    code = _be(found.get(16, b"") if kind == "policy" else decided.get(1, b""), signed=True)
    word = _VERDICTS.get(code, str(code))
    if 2 in decided:
        word += " " + decided[2].rstrip(b"\0").decode(errors="replace")
    return Verdict(
        trace_id=_be(found.get(6, b"")),
        family=_FAMILIES.get(body[0], str(body[0])),
        table=found.get(1, b"").rstrip(b"\0").decode(errors="replace"),
        chain=found.get(2, b"").rstrip(b"\0").decode(errors="replace"),
        handle=_be(found.get(3, b"")),
        type=kind,
        verdict=word,
        incoming=name(_be(found[10])) if 10 in found else "",
        outgoing=name(_be(found[12])) if 12 in found else "",
        link_header=found.get(7, b""),
        network_header=found.get(8, b""),
        transport_header=found.get(9, b""),
        connection=_be(found.get(18, b"")),
    )
