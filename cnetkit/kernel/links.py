"""Links, addresses, routes and settings: each wish as the netlink message that fulfils it. It keeps no state.

Sources: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, linux/veth.h, ethtool.h.
"""

from __future__ import annotations

import ctypes
import fcntl
import ipaddress
import socket
import struct

from cnetkit.kernel.netlink import CREATE, EXCL, Netlink, attribute, attributes, message, text, u32

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE = 20, 21, 24, 25
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_MASTER, IFLA_LINKINFO, IFLA_NET_NS_FD = 1, 3, 4, 10, 18, 28
IFLA_PROTINFO = 12
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA, _VETH_INFO_PEER = 1, 2, 4, 5, 1
_BRPORT_HAIRPIN = 4
_RTNH_F_ONLINK = 4
IFF_UP = 1
_IFINFO = struct.Struct("=BxHiII")
_SIOCGIFINDEX, _SIOCETHTOOL = 0x8933, 0x8946


def mac_bytes(mac: str) -> bytes:
    """Six bytes of `02:42:ac:11:00:02`."""
    return bytes.fromhex(mac.replace(":", ""))


def link_body(index: int = 0, up: bool = False, family: int = 0) -> bytes:
    """struct ifinfomsg; with `up` the link is set up."""
    flag = IFF_UP if up else 0
    return _IFINFO.pack(family, 0, index, flag, flag)


def bridge(name: str, mac: str) -> bytes:
    """A bridge that is up, without spanning tree and without multicast snooping's own queries."""
    info = attribute(IFLA_LINKINFO, text(_INFO_KIND, "bridge"))
    address = attribute(IFLA_ADDRESS, mac_bytes(mac))
    return message(RTM_NEWLINK, CREATE | EXCL, link_body(up=True) + text(IFLA_IFNAME, name) + address + info)


def veth(name: str, mac: str, master: int, peer_name: str, peer_mac: str, peer_namespace: int, mtu: int = 0) -> bytes:
    """Both ends of a pair in one message: the peer in another namespace (a file descriptor of this process), the near end
    up and a port of the bridge with index `master` where that is not 0. A peer cannot be set up before the pair is whole
    (drivers/net/veth.c, veth_open)."""
    size = u32(IFLA_MTU, mtu) if mtu else b""
    peer = link_body() + text(IFLA_IFNAME, peer_name) + attribute(IFLA_ADDRESS, mac_bytes(peer_mac)) + size
    peer += u32(IFLA_NET_NS_FD, peer_namespace)
    info = text(_INFO_KIND, "veth") + attribute(_INFO_DATA, attribute(_VETH_INFO_PEER, peer))
    body = link_body(up=True) + text(IFLA_IFNAME, name) + attribute(IFLA_ADDRESS, mac_bytes(mac)) + size
    if master:
        body += u32(IFLA_MASTER, master)
    return message(RTM_NEWLINK, CREATE | EXCL, body + attribute(IFLA_LINKINFO, info))


def hairpin(index: int) -> bytes:
    """Lets a bridge send a frame out of the port it came in by."""
    settings = attribute(IFLA_PROTINFO | 0x8000, attribute(_BRPORT_HAIRPIN, b"\1"))
    return message(RTM_SETLINK, 0, link_body(index, family=socket.AF_BRIDGE) + settings)


def set_up(name: str) -> bytes:
    """Sets a link up."""
    return message(RTM_NEWLINK, 0, link_body(up=True) + text(IFLA_IFNAME, name))


def index(control: socket.socket, name: str) -> int:
    """The number of a link in the namespace of `control`, any socket. OSError where there is none (netdevice(7))."""
    answer = fcntl.ioctl(control.fileno(), _SIOCGIFINDEX, name.encode().ljust(40, b"\0"))
    return int(struct.unpack_from("=i", answer, 16)[0])


def delete_link(name: str) -> bytes:
    """Takes a link away, and with a veth its peer."""
    return message(RTM_DELLINK, 0, link_body() + text(IFLA_IFNAME, name))


def address(index: int, cidr: str, remove: bool = False) -> bytes:
    """An address on a link. IPv6 ones are usable at once (IFA_F_NODAD)."""
    interface = ipaddress.ip_interface(cidr)
    family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    packed = interface.packed
    flags = 0 if interface.version == 4 else 0x02
    body = struct.pack("=BBBBi", family, interface.network.prefixlen, flags, 0, index)
    body += attribute(2, packed) + attribute(1, packed)
    if interface.version == 4 and interface.network.prefixlen < 31:
        body += attribute(4, interface.network.broadcast_address.packed)
    return message(RTM_DELADDR if remove else RTM_NEWADDR, 0 if remove else CREATE | EXCL, body)


def route(destination: str, via: str = "", index: int = 0, onlink: bool = False, remove: bool = False) -> bytes:
    """A unicast route in the main table. `onlink`: the gateway is behind the link whatever its addresses say."""
    network = ipaddress.ip_network(destination)
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    main, boot, unicast = 254, 3, 1
    scope = 0 if via or network.version == 6 else 253
    flags = _RTNH_F_ONLINK if onlink else 0
    body = struct.pack("=BBBBBBBBI", family, network.prefixlen, 0, 0, main, boot, scope, unicast, flags)
    if network.prefixlen:
        body += attribute(1, network.network_address.packed)
    if via:
        body += attribute(5, ipaddress.ip_address(via).packed)
    if index:
        body += u32(4, index)
    return message(RTM_DELROUTE if remove else RTM_NEWROUTE, 0 if remove else CREATE | EXCL, body)


_CHECKSUMS_OFF = (ctypes.c_uint32 * 2)(0x17, 0)  # ETHTOOL_STXCSUM
_REQUEST_TAIL = struct.pack("P", ctypes.addressof(_CHECKSUMS_OFF)).ljust(24, b"\0")


def checksums_by_software(control: socket.socket, name: str) -> None:
    """Switches a link's transmit checksum offload off, and with it the kernel switches off segmentation offload: frames
    then look as they would on a wire. `control`: any socket in the link's namespace. OSError as ioctl(2) gives it."""
    fcntl.ioctl(control.fileno(), _SIOCETHTOOL, name.encode().ljust(16, b"\0") + _REQUEST_TAIL)


def names(netlink: Netlink) -> list[str]:
    """The names of all links in the socket's namespace."""
    found = netlink.dump(RTM_GETLINK, link_body())
    return [attributes(body, 16)[IFLA_IFNAME].rstrip(b"\0").decode(errors="replace") for body in found]
