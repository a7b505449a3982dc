"""The connection tracking table, with the text that conntrack(8) prints.

Sources: linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_common.h, nf_conntrack_tcp.h.
"""

from __future__ import annotations

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, big_endian, ip, native
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Connection, Tuple5

GROUPS = (nl.NFNLGRP_CONNTRACK_NEW, nl.NFNLGRP_CONNTRACK_UPDATE, nl.NFNLGRP_CONNTRACK_DESTROY)
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
_STATUS = ("expected", "seen-reply", "assured", "confirmed", "src-nat", "dst-nat", "seq-adjust", "src-nat-done",
           "dst-nat-done", "dying", "fixed-timeout", "template", "untracked", "helper", "offload")  # fmt: skip
_TCP_STATES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
               "SYN_SENT2")  # fmt: skip


def dump(stack: Stack) -> list[Connection]:
    """All entries of a node."""
    return [read(stack.name, body) for body in bodies(stack)]


def bodies(stack: Stack) -> list[bytes]:
    """The messages of all entries of a node. The kernel walks the table of all namespaces for them, which takes long, so a node
    without entries is skipped."""
    if stack.sysctl("net.netfilter.nf_conntrack_count") == "0":
        return []
    return stack.filter.dump(nl.IPCTNL_MSG_CT_GET, bytes(4))


def _tuple(data: bytes) -> tuple[Tuple5, int]:
    values = attributes(data)
    addresses, proto = attributes(values.get(nl.CTA_TUPLE_IP, b"")), attributes(values.get(nl.CTA_TUPLE_PROTO, b""))
    source = addresses.get(nl.CTA_IP_V4_SRC) or addresses.get(nl.CTA_IP_V6_SRC)
    destination = addresses.get(nl.CTA_IP_V4_DST) or addresses.get(nl.CTA_IP_V6_DST)
    identifier = big_endian(proto.get(nl.CTA_PROTO_ICMP_ID) or proto.get(nl.CTA_PROTO_ICMPV6_ID) or b"")
    return Tuple5(
        ip(source) if source else "",
        ip(destination) if destination else "",
        big_endian(proto[nl.CTA_PROTO_SRC_PORT]) if nl.CTA_PROTO_SRC_PORT in proto else identifier,
        big_endian(proto[nl.CTA_PROTO_DST_PORT]) if nl.CTA_PROTO_DST_PORT in proto else identifier,
    ), big_endian(proto.get(nl.CTA_PROTO_NUM, b""))


def read(node: str, body: bytes) -> Connection:
    """Decodes a conntrack message (struct nfgenmsg and attributes)."""
    values = attributes(body, 4)
    original, number = _tuple(values.get(nl.CTA_TUPLE_ORIG, b""))
    reply, _ = _tuple(values.get(nl.CTA_TUPLE_REPLY, b""))
    bits = big_endian(values.get(nl.CTA_STATUS, b""))
    status = tuple(word for place, word in enumerate(_STATUS) if bits >> place & 1)
    tcp = attributes(attributes(values.get(nl.CTA_PROTOINFO, b"")).get(nl.CTA_PROTOINFO_TCP, b""))
    place = native(tcp.get(nl.CTA_PROTOINFO_TCP_STATE, b""))
    state = _TCP_STATES[place] if tcp and place < len(_TCP_STATES) else ""
    protocol = _PROTOCOLS.get(number, str(number))
    words = [protocol, state, _side(original, protocol), "" if "seen-reply" in status else "[UNREPLIED]"]
    words += [_side(reply, protocol), "[ASSURED]" if "assured" in status else ""]
    text = " ".join(word for word in words if word)
    return Connection(node, big_endian(values.get(nl.CTA_ID, b"")), protocol, original, reply, status, state, text)


def _side(tuple_: Tuple5, protocol: str) -> str:
    if protocol in ("icmp", "icmpv6"):
        return f"src={tuple_.source} dst={tuple_.destination} id={tuple_.source_port}"
    return f"src={tuple_.source} dst={tuple_.destination} sport={tuple_.source_port} dport={tuple_.destination_port}"
