"""Which link kinds and queueing disciplines this kernel has, found out by asking it for one of each.

Only for the probe, in a network namespace of its own that is thrown away: building labs is not done here.
Sources: rtnetlink(7), linux/if_link.h, linux/if_tunnel.h, linux/pkt_sched.h, linux/genetlink.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_GENERIC = 0, 12, 16
REQUEST, ACK, DUMP, CREATE = 1, 4, 0x300, 0x400
RTM_NEWLINK, RTM_NEWQDISC = 16, 36
IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, INFO_KIND, INFO_DATA = 3, 5, 18, 1, 2
ADDRESSES = (socket.inet_aton("127.0.0.1"), socket.inet_aton("127.0.0.2"))


def attribute(kind: int, value: bytes) -> bytes:
    """One netlink attribute, padded to four bytes."""
    return struct.pack("HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def ask(family: int, kind: int, flags: int, body: bytes) -> int:
    """Sends one netlink message; 0, or the errno of the kernel's answer."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, family) as netlink:
            netlink.settimeout(5)
            netlink.bind((0, 0))
            netlink.send(struct.pack("IHHII", len(body) + 16, kind, flags | REQUEST, 1, 0) + body)
            answer = netlink.recv(65536)
    except OSError as error:
        return error.errno or errno.ETIMEDOUT
    nlmsg_error = 2
    if struct.unpack_from("H", answer, 4)[0] != nlmsg_error:
        return 0
    return -int(struct.unpack_from("i", answer, 16)[0])


def new_link(name: str, kind: str, data: bytes = b"", parent: str = "") -> int:
    """RTM_NEWLINK for one link; 0, or an errno (EOPNOTSUPP: the kernel does not know the kind)."""
    info = attribute(INFO_KIND, kind.encode()) + (attribute(INFO_DATA, data) if data else b"")
    body = bytes(16) + attribute(IFLA_IFNAME, name.encode() + b"\0")
    if parent:
        body += attribute(IFLA_LINK, struct.pack("I", socket.if_nametoindex(parent)))
    return ask(NETLINK_ROUTE, RTM_NEWLINK, ACK | CREATE, body + attribute(IFLA_LINKINFO, info))


def new_qdisc(kind: str, options: bytes) -> int:
    """RTM_NEWQDISC on the veth end `p0`; 0, or an errno (ENOENT: the kernel does not know the kind)."""
    root = 0xFFFFFFFF
    body = struct.pack("BxHiIII", 0, 0, socket.if_nametoindex("p0"), 0x10000, root, 0)
    return ask(
        NETLINK_ROUTE, RTM_NEWQDISC, ACK | CREATE, body + attribute(1, kind.encode() + b"\0") + attribute(2, options)
    )


def generic_family(name: str) -> int:
    """Whether a generic netlink family exists: 0, or an errno."""
    control, get_family, family_name = 16, 3, 2
    return ask(
        NETLINK_GENERIC,
        control,
        ACK,
        struct.pack("BBH", get_family, 1, 0) + attribute(family_name, name.encode() + b"\0"),
    )


def conntrack() -> int:
    """Whether connection tracking answers a dump over netlink: 0, or an errno."""
    return ask(NETLINK_NETFILTER, 1 << 8 | 1, DUMP, struct.pack("BBH", socket.AF_INET, 0, 0))


def links() -> dict[str, int]:
    """For each link kind 0 or an errno; afterwards `p0` and `p1`, the ends of a veth pair, exist where veth does."""
    number, short = struct.Struct("I").pack, struct.Struct("H").pack
    ends = attribute(6, ADDRESSES[0]) + attribute(7, ADDRESSES[1])
    peer = attribute(1, bytes(16) + attribute(IFLA_IFNAME, b"p1\0"))
    wishes: tuple[tuple[str, bytes, str], ...] = (
        ("veth", peer, ""),
        ("bridge", b"", ""),
        ("vxlan", attribute(1, number(7)) + attribute(15, struct.pack(">H", 4789)), ""),
        ("macvlan", attribute(1, number(4)), "p0"),
        ("ipvlan", attribute(1, short(0)), "p1"),
        ("vlan", attribute(1, short(7)), "p0"),
        ("vrf", attribute(1, number(7)), ""),
        ("dummy", b"", ""),
        ("ifb", b"", ""),
        ("gre", ends, ""),
        ("gretap", ends, ""),
        ("geneve", attribute(1, number(7)) + attribute(2, ADDRESSES[1]), ""),
        ("ipip", attribute(2, ADDRESSES[0]) + attribute(3, ADDRESSES[1]), ""),
        ("wireguard", b"", ""),
    )
    found: dict[str, int] = {}
    for kind, data, parent in wishes:
        name = "p0" if kind == "veth" else f"t-{kind}"
        try:
            result = new_link(name, kind, data, parent)
        except OSError as error:  # the parent is not there
            result = error.errno or errno.ENODEV
        found[kind] = 0 if result == errno.EEXIST else result
    return found


def queues() -> dict[str, int]:
    """For each queueing discipline 0 or an errno."""
    try:
        return {"netem": new_qdisc("netem", struct.pack("6I", 0, 1000, 0, 0, 0, 0))}
    except OSError as error:
        return {"netem": error.errno or errno.ENODEV}


def words(number: int) -> str:
    """An errno as its name and text; empty for 0."""
    name = "EOPNOTSUPP" if number == errno.EOPNOTSUPP else errno.errorcode.get(number, str(number))
    return f"{name}: {os.strerror(number)}" if number else ""
