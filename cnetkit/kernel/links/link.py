"""What all links share: creating one, setting it up, deleting it, its index, its checksum offload.

Each function returns a netlink message or calls ioctl(2). It keeps no state and knows no kind.
Sources: rtnetlink(7), netdevice(7), linux/if_link.h, linux/ethtool.h.
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, attributes, message, string, text, u32
from cnetkit.kernel.netlink.socket import Netlink

_IFINFO = struct.Struct("=BxHiII")


def mac_bytes(mac: str) -> bytes:
    """The six bytes of `02:42:ac:11:00:02`."""
    return bytes.fromhex(mac.replace(":", ""))


def link_header(index: int = 0, up: bool = False, family: int = 0) -> bytes:
    """struct ifinfomsg; with `up` the link is set up."""
    flag = nl.IFF_UP if up else 0
    return _IFINFO.pack(family, 0, index, flag, flag)


def identity(name: str, mac: str = "", mtu: int = 0, namespace: int | None = None) -> bytes:
    """The attributes that any new link has. With an empty `mac` or `mtu` 0 the kernel chooses. `namespace`: a descriptor of the
    namespace in which to create the link; None: the socket's own."""
    body = text(nl.IFLA_IFNAME, name)
    body += attribute(nl.IFLA_ADDRESS, mac_bytes(mac)) if mac else b""
    body += u32(nl.IFLA_MTU, mtu) if mtu else b""
    return body + (u32(nl.IFLA_NET_NS_FD, namespace) if namespace is not None else b"")


def new_link(
    kind: str,
    name: str,
    mac: str = "",
    data: bytes = b"",
    *,
    parent: int = 0,
    master: int = 0,
    mtu: int = 0,
    up: bool = True,
    namespace: int | None = None,
) -> bytes:
    """Creates a link. `data`: the attributes of its kind (IFLA_INFO_DATA). `parent`, `master`: the index of the link below it,
    and of the bridge that it joins; 0: none. The rest as for `identity`."""
    body = link_header(up=up) + identity(name, mac, mtu, namespace)
    body += u32(nl.IFLA_LINK, parent) if parent else b""
    body += u32(nl.IFLA_MASTER, master) if master else b""
    info = text(nl.IFLA_INFO_KIND, kind) + (attribute(nl.IFLA_INFO_DATA, data) if data else b"")
    return message(nl.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_EXCL, body + attribute(nl.IFLA_LINKINFO, info))


def set_up(name: str) -> bytes:
    """Sets a link up."""
    return message(nl.RTM_NEWLINK, 0, link_header(up=True) + text(nl.IFLA_IFNAME, name))


def delete_link(name: str) -> bytes:
    """Deletes a link, and with a veth its peer."""
    return message(nl.RTM_DELLINK, 0, link_header() + text(nl.IFLA_IFNAME, name))


def link_index(control: socket.socket, name: str) -> int:
    """The index of a link in the namespace of `control`, any socket. OSError if there is no such link (netdevice(7))."""
    answer = fcntl.ioctl(control.fileno(), nl.SIOCGIFINDEX, name.encode().ljust(40, b"\0"))
    return int(struct.unpack_from("=i", answer, 16)[0])


def link_mac(control: socket.socket, name: str) -> bytes:
    """A link's MAC address. OSError if there is no such link."""
    answer = fcntl.ioctl(control.fileno(), nl.SIOCGIFHWADDR, name.encode().ljust(40, b"\0"))
    return answer[18:24]


def link_names(netlink: Netlink) -> list[str]:
    """The names of all links in the socket's namespace."""
    bodies = netlink.dump(nl.RTM_GETLINK, link_header())
    return [string(attributes(body, 16)[nl.IFLA_IFNAME]) for body in bodies]


_CHECKSUMS_OFF = (ctypes.c_uint32 * 2)(nl.ETHTOOL_STXCSUM, 0)
_REQUEST_TAIL = struct.pack("P", ctypes.addressof(_CHECKSUMS_OFF)).ljust(24, b"\0")


def checksums_in_software(control: socket.socket, name: str) -> None:
    """Switches off a link's transmit checksum offload, and with it the kernel switches off segmentation offload: captured frames
    then look as on a wire. `control`: any socket in the link's namespace. OSError as ioctl(2) raises it."""
    fcntl.ioctl(control.fileno(), nl.SIOCETHTOOL, name.encode().ljust(16, b"\0") + _REQUEST_TAIL)
