"""The network stacks of a sandbox: the network namespaces of its nodes, by name, with the sockets that are used in them.

It does not know what the nodes are for. Only this process holds the namespaces: when it ends, the kernel removes them.
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
    programs: str = ""
    """A folder that is the root of what runs here; empty: the machine's own."""
    adopted: bool = False
    """Somebody else made the namespace: it is observed and entered, and nothing in it is changed unasked."""
    namespace_ids: dict[int, str] = field(default_factory=dict)
    """The nodes whose namespaces have ids here, by id (ip-netns(8), list-id)."""
    tracers: int = 0
    """How many captures have asked for netfilter's verdicts in this stack."""
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
        """nft(8) in this stack. CnetkitError if its library is not installed."""
        if self._nft is None:
            self.enter()
            self._nft = Nft()
        return self._nft

    def enter(self) -> None:
        """Enters this namespace; the process stays in it until it enters another one."""
        if self.stacks.current is not self:
            netns.join(self.fd)
            self.stacks.current = self

    def index(self, interface: str) -> int:
        """The index of an interface. CnetkitError if there is no such interface."""
        try:
            return link_index(self.control, interface)
        except OSError:
            raise CnetkitError(f"{self.name} has no interface {interface!r}") from None

    def sysctl(self, name: str) -> str | None:
        """The value of a setting below `net.`, or None if this kernel does not have it."""
        self.enter()
        try:
            with open(sysctl_path(name), encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            return None

    def set_sysctl(self, name: str, value: str) -> None:
        """Writes a setting. CnetkitError if it does not exist or the kernel refuses the value."""
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
        """Closes its sockets and the namespace."""
        for resource in (self._filter, self._nft, self.netlink, self.control):
            if resource is not None:
                resource.close()
        os.close(self.fd)

    def node(self) -> Node:
        """This stack as the model's Node, with the settings that matter to packets."""
        settings = {name: value for name in _SNAPSHOT_SETTINGS if (value := self.sysctl(name)) is not None}
        return Node(self.name, self.kind, self.host, self.inode, settings)


def _why_not(name: str, error: OSError) -> str:
    """Why a setting was not written."""
    reason = error.strerror or str(error)
    if error.errno == errno.ENOENT:
        return f"{reason}: this kernel does not have it, or has it only for the whole machine"
    if error.errno in (errno.EACCES, errno.EPERM) and not os.stat(sysctl_path(name)).st_mode & 0o222:
        return f"{reason}: it applies to the whole machine, so only the machine's own namespace can change it"
    return reason


_SNAPSHOT_SETTINGS = (
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.all.route_localnet",
    "net.ipv4.conf.all.accept_local",
    "net.bridge.bridge-nf-call-iptables",
    "net.ipv4.icmp_echo_ignore_all",
    "net.ipv6.icmp.echo_ignore_all",
)


def sysctl_path(name: str) -> str:
    """The path of a setting below /proc/sys. In a name with slashes, dots are kept, as sysctl(8) does."""
    path = name if "/" in name else name.replace(".", "/")
    if not path.startswith("net/") or ".." in path.split("/"):
        raise CnetkitError(f"{name!r} is not a setting of a network namespace: its name begins with 'net.'")
    return f"/proc/sys/{path}"


class Stacks(dict[str, Stack]):
    """All stacks by name. `current` is the one that the process is in; None is the one that it started in.

    `named`: ip-netns(8) finds them by their names, too.
    """

    def __init__(self, named: bool = False) -> None:
        super().__init__()
        self.named = named
        libnftables.reserve_descriptors()
        self.current: Stack | None = None
        self._has_ipv6 = os.path.exists("/proc/sys/net/ipv6")
        self.home = netns.current()

    def find(self, name: str) -> Stack:
        """The stack called `name`. CnetkitError if there is none."""
        try:
            return self[name]
        except KeyError:
            raise CnetkitError(f"there is no node {name!r} in this lab") from None

    def go_home(self) -> None:
        """Enters the namespace that the process started in."""
        if self.current is not None:
            netns.join(self.home)
            self.current = None

    def add(self, name: str, kind: NodeKind, host: str, ipv6: bool, programs: str = "") -> Stack:
        """A new namespace; its loopback is still down. CnetkitError if the name is in use."""
        if name in self:
            raise CnetkitError(f"there is already a node {name!r} in this lab")
        fd = netns.create()
        if self.named:
            self._give_name(fd, name)
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stack = Stack(name, kind, host, fd, netns.inode(fd), Netlink(), control, self, ipv6, programs)
        self[name] = self.current = stack
        if self._has_ipv6:
            # "default" applies to links made later; writing "all" would wait for the kernel's lock on all links. Until duplicate
            # address detection of its link-local address is over, an interface forwards nothing to new neighbours.
            setting, value = ("accept_dad", "0") if ipv6 else ("disable_ipv6", "1")
            stack.set_sysctl(f"net.ipv6.conf.default.{setting}", value)
        return stack

    def adopt(self, name: str, kind: NodeKind, host: str, fd: int) -> Stack:
        """A namespace that somebody else made, open as `fd`, which is closed. CnetkitError if the name or the namespace is in
        use."""
        inode = netns.inode(fd)
        holder = next((stack.name for stack in self.values() if stack.inode == inode), "")
        if name in self or holder:
            os.close(fd)
            what = f"a node {name!r}" if name in self else f"a node for this network namespace, {holder!r},"
            raise CnetkitError(f"there is already {what} in this lab")
        netns.join(fd)
        os.close(fd)  # a mount that it was opened by would be busy
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stack = Stack(name, kind, host, netns.current(), inode, Netlink(), control, self, self._has_ipv6, adopted=True)
        self[name] = self.current = stack
        for other in self.values():  # ids that belonged to nobody may be this one's
            other.namespace_ids = {number: node for number, node in other.namespace_ids.items() if node}
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
        """Closes a namespace; the kernel removes it and its links as soon as no process is in it."""
        stack = self.find(name)
        if self.current is stack:
            self.go_home()
        del self[name]
        if self.named and not stack.adopted:
            netns.take_name(name)
        for remaining in self.values():
            ids = remaining.namespace_ids.items()
            remaining.namespace_ids = {number: node for number, node in ids if node != name}
        stack.close()
