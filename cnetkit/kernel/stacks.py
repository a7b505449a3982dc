"""The network stacks of one sandbox: each a namespace that nothing but this process holds.

It knows names and file descriptors, not what the stacks are for. When the process ends, the kernel takes them away.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass, field

from cnetkit.kernel import libnftables, netns
from cnetkit.kernel.libnftables import Nft
from cnetkit.kernel.links.link import link_index
from cnetkit.kernel.netlink.constants import NETLINK_NETFILTER
from cnetkit.kernel.netlink.socket import Netlink
from cnetkit.model import CnetkitError, Node, NodeKind


@dataclass(slots=True)
class Stack:
    """One network namespace: `fd` keeps it alive, `netlink` and `control` are sockets inside it. Closed with `close`."""

    name: str
    kind: NodeKind
    host: str
    fd: int
    inode: int
    netlink: Netlink
    control: socket.socket
    stacks: Stacks = field(repr=False)
    ipv6: bool = False
    namespace_ids: dict[int, str] = field(default_factory=dict)
    """The nodes whose namespaces have ids here, by id (ip-netns(8), list-id)."""
    tracers: int = 0
    """How many captures want netfilter's verdicts from here."""
    _filter: Netlink | None = None
    _nft: Nft | None = None

    @property
    def filter(self) -> Netlink:
        """A socket for netfilter's messages."""
        if self._filter is None:
            self.enter()
            self._filter = Netlink(NETLINK_NETFILTER)
        return self._filter

    @property
    def nft(self) -> Nft:
        """nft(8) in here. CnetkitError where its library is missing."""
        if self._nft is None:
            self.enter()
            self._nft = Nft()
        return self._nft

    def enter(self) -> None:
        """Makes this the namespace of the calling process, until another is entered."""
        if self.stacks.current is not self:
            netns.join(self.fd)
            self.stacks.current = self

    def index(self, interface: str) -> int:
        """The interface's number here. CnetkitError where there is no such interface."""
        try:
            return link_index(self.control, interface)
        except OSError:
            raise CnetkitError(f"{self.name} has no interface {interface!r}") from None

    def sysctl(self, name: str) -> str | None:
        """The value of a setting below `net.`, or None where this kernel does not have it."""
        self.enter()
        try:
            with open(sysctl_path(name), encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            return None

    def set_sysctl(self, name: str, value: str) -> None:
        """Writes a setting. CnetkitError where it is not there or refuses the value."""
        self.enter()
        try:
            fd = os.open(sysctl_path(name), os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, value.encode())
            finally:
                os.close(fd)
        except OSError as error:
            raise CnetkitError(f"sysctl {name}={value} in {self.name}: {_why_not(name, error)}") from None

    def close(self) -> None:
        """Lets go of the namespace."""
        for one in (self._filter, self._nft, self.netlink, self.control):
            if one is not None:
                one.close()
        os.close(self.fd)

    def node(self) -> Node:
        """This stack as the model's noun."""
        found = {name: value for name in _TELLING if (value := self.sysctl(name)) is not None}
        return Node(self.name, self.kind, self.host, self.inode, found)


def _why_not(name: str, error: OSError) -> str:
    """Why a setting was not written."""
    reason = error.strerror or str(error)
    if error.errno == errno.ENOENT:
        return f"{reason}: this kernel does not have it, or only for the whole machine"
    if error.errno in (errno.EACCES, errno.EPERM) and not os.stat(sysctl_path(name)).st_mode & 0o222:
        return f"{reason}: it holds for the whole machine, so the kernel keeps it from other namespaces than the first"
    return reason


_TELLING = (
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.all.route_localnet",
    "net.ipv4.conf.all.accept_local",
    "net.bridge.bridge-nf-call-iptables",
)


def sysctl_path(name: str) -> str:
    """Where a setting stands below /proc/sys; with slashes in its name, dots are left alone, as sysctl(8) does it."""
    path = name if "/" in name else name.replace(".", "/")
    if not path.startswith("net/") or ".." in path.split("/"):
        raise CnetkitError(f"{name!r} is not a setting of a network namespace: its name begins with 'net.'")
    return f"/proc/sys/{path}"


class Stacks(dict[str, Stack]):
    """All stacks by name. `current` is the one that the process is in, None for the one it started in.

    `named`: ip-netns(8) finds them by their names, too.
    """

    def __init__(self, named: bool = False) -> None:
        super().__init__()
        self._named = named
        libnftables.keep_room()
        self.current: Stack | None = None
        self._has_ipv6 = os.path.exists("/proc/sys/net/ipv6")
        self.home = netns.current()

    def find(self, name: str) -> Stack:
        """The stack called `name`. CnetkitError where there is none."""
        try:
            return self[name]
        except KeyError:
            raise CnetkitError(f"there is no node {name!r} in this lab") from None

    def go_home(self) -> None:
        """Enters the namespace that the process started in."""
        if self.current is not None:
            netns.join(self.home)
            self.current = None

    def add(self, name: str, kind: NodeKind, host: str, ipv6: bool) -> Stack:
        """A new namespace; its loopback is still down. CnetkitError where the name is taken."""
        if name in self:
            raise CnetkitError(f"there is already a node {name!r} in this lab")
        fd = netns.create()
        if self._named:
            self._give_name(fd, name)
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stack = Stack(name, kind, host, fd, netns.inode(fd), Netlink(), control, self, ipv6)
        self[name] = self.current = stack
        if self._has_ipv6:
            # "default" counts for the links to come; "all" would wait for the kernel's one lock on all links. Until duplicate
            # address detection of its link-local address is over, an interface forwards nothing to new neighbours.
            setting, value = ("accept_dad", "0") if ipv6 else ("disable_ipv6", "1")
            stack.set_sysctl(f"net.ipv6.conf.default.{setting}", value)
        return stack

    def _give_name(self, fd: int, name: str) -> None:
        try:
            netns.give_name(fd, name)
        except FileExistsError:
            os.close(fd)
            self.current = None
            netns.join(self.home)
            raise CnetkitError(
                f"there is already a namespace {name!r} in {netns.NAMES}: run 'ip netns delete {name}' in a node"
            ) from None

    def remove(self, name: str) -> None:
        """Lets go of a namespace; the kernel takes it and its links away as soon as no process is in it."""
        stack = self.find(name)
        if self.current is stack:
            self.go_home()
        del self[name]
        if self._named:
            netns.take_name(name)
        for other in self.values():
            other.namespace_ids = {number: node for number, node in other.namespace_ids.items() if node != name}
        stack.close()
