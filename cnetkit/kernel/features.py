"""Tests which link kinds, tables and devices this kernel has, by creating or opening one of each.

It is for the probe only, in namespaces that are discarded; it builds no lab. Each function raises the kernel's OSError.
Sources: rtnetlink(7), linux/pkt_sched.h, linux/genetlink.h, packet(7).
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from contextlib import closing
from functools import partial

from cnetkit.kernel import links
from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.links.link import new_link
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, message, text
from cnetkit.kernel.netlink.socket import Netlink, NetlinkError
from cnetkit.kernel.ring import Ring


def link_kinds() -> dict[str, str]:
    """For each link kind an empty string, or the kernel's error. Afterwards the veth pair `p0`, `p1` exists if veth does."""
    return {kind.name: attempt(partial(_link, kind)) for kind in links.KINDS.values() if kind.probed}


def _link(kind: LinkKind) -> None:
    name = "p0" if kind.pair else f"t-{kind.name}"
    parent = socket.if_nametoindex(kind.probe_parent) if kind.probe_parent else 0
    try:
        _send(nl.NETLINK_ROUTE, new_link(kind.name, name, data=kind.probe_data, parent=parent, up=False))
    except NetlinkError as error:
        if error.errno != errno.EEXIST:
            raise


def netem() -> None:
    """Adds the queueing discipline netem to `p0`."""
    root, handle, delay = 0xFFFFFFFF, 0x10000, struct.pack("=6I", 0, 1000, 0, 0, 0, 0)
    body = struct.pack("=BxHiIII", 0, 0, socket.if_nametoindex("p0"), handle, root, 0)
    body += text(nl.TCA_KIND, "netem") + attribute(nl.TCA_OPTIONS, delay)
    _send(nl.NETLINK_ROUTE, message(nl.RTM_NEWQDISC, nl.NLM_F_CREATE, body))


def conntrack() -> None:
    """Dumps the connection tracking table."""
    _send(nl.NETLINK_NETFILTER, message(nl.IPCTNL_MSG_CT_GET, nl.NLM_F_DUMP, struct.pack("=BBH", socket.AF_INET, 0, 0)))


def ipvs() -> None:
    """Looks up the generic netlink family of IPVS."""
    _generic_family("IPVS")


def openvswitch() -> None:
    """Looks up the generic netlink family of the kernel's Open vSwitch."""
    _generic_family("ovs_datapath")


def _generic_family(name: str) -> None:
    body = struct.pack("=BBH", nl.CTRL_CMD_GETFAMILY, 1, 0) + text(nl.CTRL_ATTR_FAMILY_NAME, name)
    _send(nl.NETLINK_GENERIC, message(nl.GENL_ID_CTRL, 0, body))


def _send(family: int, request: bytes) -> None:
    with closing(Netlink(family)) as netlink:
        netlink.batch([request])


def capture() -> None:
    """Opens a packet ring, as a capture does in every node."""
    with closing(Ring(1 << 17, 10)) as ring:
        ring.open()
        ring.begin()


def tun() -> None:
    """Creates a tun interface. /dev/net/tun may be missing, or closed to this user."""
    set_interface, tun_without_header = 0x400454CA, 0x1001
    with open("/dev/net/tun", "r+b", buffering=0) as file:
        fcntl.ioctl(file, set_interface, struct.pack("16sH22x", b"t-tun", tun_without_header))


def bridge_netfilter() -> None:
    """Reads the setting that br_netfilter adds to each network namespace."""
    with open("/proc/sys/net/bridge/bridge-nf-call-iptables", "rb") as file:
        file.read()


KERNEL: dict[str, Callable[[], None]] = {
    "netem": netem,
    "conntrack": conntrack,
    "ipvs": ipvs,
    "openvswitch": openvswitch,
    "capture": capture,
    "tun": tun,
    "br_netfilter": bridge_netfilter,
}
"""The tests besides those of link kinds, by the names that labs use in NEEDS."""


def attempt(action: Callable[[], object]) -> str:
    """Empty if `action` succeeds, otherwise its OSError as text."""
    try:
        action()
    except OSError as error:
        return words(error.errno or errno.EIO)
    return ""


def words(number: int) -> str:
    """An errno as its name and text."""
    name = "EOPNOTSUPP" if number == errno.EOPNOTSUPP else errno.errorcode.get(number, str(number))
    return f"{name}: {os.strerror(number)}"
