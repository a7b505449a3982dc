"""A Linux bridge with containers, as Docker's bridge driver builds one: a veth pair each, the bridge as their gateway.

Other networks have such a bridge on each host and say what is particular to theirs; what that means, this file does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.node import Node
from cnetkit.model import CnetkitError, NodeKind

if TYPE_CHECKING:
    from cnetkit.lab.host import Host

_MOST_PORTS = 1023
"""BR_MAX_PORTS less one: the kernel's limit for one bridge (net/bridge/br_private.h)."""


class Container(Node):
    """A network stack on a bridge of a host. It gets mount, UTS, IPC and PID namespaces as soon as something runs in it."""

    def __init__(self, network: Bridge, name: str, cidrs: tuple[str, ...], kind: NodeKind = "container") -> None:
        super().__init__(network.host.lab, name, kind)
        self.network, self.host = network, network.host
        self.interfaces["eth0"] = cidrs
        self.host_interface = addresses.veth_name(name, "eth0")
        """The name of the other end of its veth pair, on the host."""
        self.mac = addresses.mac(name, "eth0") if ":" in cidrs[0] else addresses.docker_mac(cidrs[0])


_Member = TypeVar("_Member", bound=Container)
Announce = Callable[[Sequence[Container], bool], list[op.Operation]]
"""What others must be told of containers that come, or (True) go."""


class Bridge:
    """A bridge of a host. `gateways`: the host's own addresses on it, one for each network, IPv4 or IPv6.

    `pools`: where containers' addresses come from, when others share them. `mtu` of their links, 0: 1,500.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        gateways: Sequence[str],
        *,
        pools: Sequence[addresses.Pool] = (),
        mtu: int = 0,
        announce: Announce = lambda containers, gone: [],
    ) -> None:
        self.host, self.name, self.mtu, self._announce = host, name, mtu, announce
        wanted = [addresses.interface(gateway) for gateway in gateways]
        if any(one.version == 6 for one in wanted) and not host.lab.ipv6:
            raise CnetkitError(f"{gateways} holds IPv6: make the lab with Lab(..., ipv6=True)")
        for one in wanted:
            if one.ip == one.network.network_address and one.network.prefixlen < one.max_prefixlen - 1:
                raise CnetkitError(
                    f"{one} names the network, not an address in it: write '{one.ip + 1}/{one.network.prefixlen}'"
                )
        self.gateways = tuple(str(one) for one in wanted)
        self.pools = list(pools) or [addresses.Pool(gateway, gateway.split("/")[0]) for gateway in self.gateways]
        self.members: dict[str, Container] = {}

    def operations(self) -> list[op.Operation]:
        """What builds it."""
        mac = (
            addresses.docker_mac(self.gateways[0])
            if self.gateways and ":" not in self.gateways[0]
            else addresses.mac(self.host.name, self.name)
        )
        on_it: list[op.Operation] = [op.AddAddress(self.host.name, self.name, gateway) for gateway in self.gateways]
        return [op.AddBridge(self.host.name, self.name, mac), *on_it]

    def container(self, name: str, address: str = "") -> Container:
        """A container on this bridge, at the next free address or the one that is asked for."""
        return self.add(Container, [name], address)[0]

    def containers(self, pattern: str, count: int) -> list[Container]:
        """Many containers, built in one batch: `net.containers("c{}", 3)` makes c0, c1 and c2."""
        names = [pattern.format(number) for number in range(count)]
        if len(set(names)) < count:
            raise CnetkitError(f"{pattern!r} gives every container the same name: put {{}} where the number belongs")
        return self.add(Container, names)

    def add(self, kind: type[_Member], names: list[str], wanted: str = "") -> list[_Member]:
        """Members of a kind, in one batch."""
        if len(self.members) + len(names) > _MOST_PORTS:
            raise CnetkitError(
                f"{self.name} would get more than {_MOST_PORTS} ports, the most a bridge takes: use another one"
            )
        for name in names:
            self.host.lab.check_name(name)
        added: list[_Member] = []
        try:
            for name in names:
                added.append(kind(self, name, self._take(wanted)))  # noqa: PERF401 - what was added is given back
            self.host.lab.build(*self._operations(added))
        except BaseException:
            for one in added:
                self._give_back(one.interfaces["eth0"])
            raise
        for one in added:
            self.members[one.name] = one
            self.host.lab.nodes[one.name] = one
        return added

    def _take(self, wanted: str) -> tuple[str, ...]:
        """An address of each pool; all of them or none."""
        taken: list[str] = []
        try:
            for pool in self.pools:
                taken.append(pool.take(wanted if (":" in wanted) == (pool.network.version == 6) else ""))  # noqa: PERF401 - as above
        except CnetkitError:
            self._give_back(taken)
            raise
        return tuple(taken)

    def _give_back(self, cidrs: Iterable[str]) -> None:
        for pool, cidr in zip(self.pools, cidrs, strict=False):
            pool.give_back(cidr)

    def _operations(self, added: Sequence[Container]) -> list[op.Operation]:
        host, ipv6 = self.host.name, self.host.lab.ipv6
        nodes = [op.AddNode(one.name, one.kind, host, ipv6) for one in added]
        links = [
            op.AddVeth(
                host,
                one.host_interface,
                addresses.mac(host, one.host_interface),
                one.name,
                "eth0",
                one.mac,
                master=self.name,
                hairpin=True,
                mtu=self.mtu,
            )
            for one in added
        ]
        given = [op.AddAddress(one.name, "eth0", cidr) for one in added for cidr in one.interfaces["eth0"]]
        gateways = [gateway.split("/")[0] for gateway in self.gateways]
        everything = ["::/0" if ":" in gateway else "0.0.0.0/0" for gateway in gateways]
        routes = [op.AddRoute(one.name, *pair) for one in added for pair in zip(everything, gateways, strict=True)]
        return [*nodes, *links, *given, *routes, *self._announce(added, False)]

    def farewell(self, one: Container) -> list[op.Operation]:
        """What others must be told when a container goes."""
        return self._announce([one], True)

    def forget(self, one: Container) -> None:
        """Takes a container out of the books, once it is gone."""
        if self.members.pop(one.name, None):
            self._give_back(one.interfaces["eth0"])

    def __repr__(self) -> str:
        return f"<bridge {self.name} of {self.host.name}: {' '.join(self.gateways)}, {len(self.members)} containers>"
