"""IP addresses from pools, MAC addresses and interface names, all determined by the lab alone, so that runs are repeatable.

It asks no kernel. A pool remembers only the addresses that are taken.
"""

from __future__ import annotations

import hashlib
import ipaddress
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from cnetkit.model import CnetkitError

_THIS_NETWORK = IPv4Network("0.0.0.0/8")
"""0.0.0.0/8 is no destination (RFC 1122, 3.2.1.3)."""


def interface(text: str) -> IPv4Interface | IPv6Interface:
    """`172.17.0.1/16` as an address with its network. CnetkitError if it is none."""
    try:
        parsed = ipaddress.ip_interface(text)
    except ValueError:
        raise CnetkitError(f"{text!r} is not an address with a prefix length, such as '172.17.0.1/16'") from None
    if "/" not in str(text):
        raise CnetkitError(f"{text!r} lacks a prefix length: write it as '{text}/24', say")
    if parsed.ip.is_multicast or parsed.ip.is_loopback or (parsed.version == 4 and parsed.ip in _THIS_NETWORK):
        raise CnetkitError(
            f"{text!r} is reserved and no machine can have it: use a private network such as '10.1.0.0/24' or 'fd00::/64'"
        )
    return parsed


def network(text: str) -> IPv4Network | IPv6Network:
    """`10.1.0.0/24` as a network. CnetkitError with the right spelling if it names an address in a network."""
    parsed = interface(text)
    if parsed.ip != parsed.network.network_address:
        raise CnetkitError(f"{text!r} is an address in a network: write the network as '{parsed.network}'")
    return parsed.network


def check_usable(address: IPv4Interface | IPv6Interface) -> None:
    """CnetkitError if it is the address of the network itself or its broadcast address, which no machine can have."""
    here = address.network
    if here.prefixlen >= here.max_prefixlen - 1:
        return
    if address.ip == here.network_address:
        raise CnetkitError(f"{address} names the network, not an address in it: write '{here[1]}/{here.prefixlen}'")
    if here.version == 4 and address.ip == here.broadcast_address:
        raise CnetkitError(f"{address} is the broadcast address of {here}: write '{here[1]}/{here.prefixlen}'")


class Pool:
    """The addresses of one network: the lowest free one comes first, as in CNI's host-local plugin.

    `taken` addresses, the gateway's for example, are never used.
    """

    def __init__(self, network: str, *taken: str) -> None:
        self.network = interface(network).network
        self._taken = {ipaddress.ip_address(address) for address in taken}
        self._reserved: set[IPv4Address | IPv6Address] = set()
        self._first = 0 if self.network.prefixlen >= self.network.max_prefixlen - 1 else 1  # RFC 3021, RFC 6164
        self._lowest = self._first

    def take(self, wanted: str = "") -> str:
        """The next free address in CIDR form, or `wanted`, with or without the network's prefix length.

        CnetkitError if there is none left, or it is taken, or it is not in the network.
        """
        if wanted:
            return self._take_exactly(wanted)
        last = self.network.num_addresses - (2 if self.network.version == 4 and self._first else 1)
        for offset in range(self._lowest, last + 1):
            address = self.network.network_address + offset
            if address not in self._taken and address not in self._reserved:
                self._lowest = offset + 1
                return self._keep(address)
        raise CnetkitError(f"{self.network} has no free address left: use a shorter prefix, or detach a node")

    def reserve(self, address: str) -> None:
        """Leaves an address to whoever asks for it: it is never the next free one. CnetkitError if it is not in the network."""
        if not self.holds(address):
            raise CnetkitError(f"{address} is not in {self.network}")
        self._reserved.add(_address(address))

    def holds(self, address: str) -> bool:
        """Whether an address, with or without a prefix length, is in the network. CnetkitError if it is no address."""
        return _address(address) in self.network

    def _take_exactly(self, wanted: str) -> str:
        address, length = _address(wanted), wanted.partition("/")[2]
        if address not in self.network:
            raise CnetkitError(f"{wanted} is not in {self.network}")
        if length and length != str(self.network.prefixlen):
            raise CnetkitError(
                f"{wanted} does not have the prefix length of {self.network}: write '{self._cidr(address)}'"
            )
        check_usable(ipaddress.ip_interface(self._cidr(address)))
        if address in self._taken:
            raise CnetkitError(f"{wanted} is already used in {self.network}")
        return self._keep(address)

    def _keep(self, address: IPv4Address | IPv6Address) -> str:
        self._taken.add(address)
        return self._cidr(address)

    def _cidr(self, address: IPv4Address | IPv6Address) -> str:
        return f"{address}/{self.network.prefixlen}"

    def give_back(self, cidr: str) -> None:
        """Frees an address."""
        address = interface(cidr).ip
        self._taken.discard(address)
        self._lowest = max(self._first, min(self._lowest, int(address) - int(self.network.network_address)))


def version(text: str) -> int:
    """The version, 4 or 6, of an IP address. CnetkitError if it is none."""
    return _address(text).version


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ipaddress.ip_address(str(text).partition("/")[0])
    except ValueError:
        raise CnetkitError(f"{text!r} is not an IP address") from None


def mac(node: str, name: str) -> str:
    """A locally administered MAC address, determined by the node's and the interface's name."""
    digest = hashlib.blake2b(f"{node}/{name}".encode(), digest_size=5).hexdigest()
    return "02:" + ":".join(digest[i : i + 2] for i in range(0, 10, 2))


def docker_mac(cidr: str) -> str:
    """The MAC address that Docker gives a container: 02:42 and the four bytes of its IPv4 address."""
    return "02:42:" + interface(cidr).ip.packed[:4].hex(":")


def veth_name(node: str, name: str) -> str:
    """The name of the host's end of a veth pair, in Docker's form: `veth` and seven hexadecimal digits."""
    return "veth" + hashlib.blake2b(f"{node}/{name}".encode(), digest_size=4).hexdigest()[:7]
