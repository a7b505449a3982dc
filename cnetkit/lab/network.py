"""What all networks have in common: pools of addresses, and nodes that are attached and detached.

A kind of network is a subclass whose `link` and `peer` say how a node is joined; `cnetkit.lab.networks.bridge` is an example.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.container import Container
from cnetkit.lab.node import LabNode
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError

_Container = TypeVar("_Container", bound=Container)
Wanted = str | Sequence[str]
"""A chosen address, or one of each family; empty: the next free ones."""
Announce = Callable[[Sequence[Attachment], bool], list[op.Operation]]
"""The operations that other hosts need when attachments come, or (True) leave."""


class PooledNetwork(ABC):
    """A network whose members get an address from each of its `pools`.

    `gateways`: the gateways of containers' default routes, one for each pool; none if nothing leads out of the network.
    """

    most_members = 1 << 16

    def __init__(
        self, site: Site, name: str, pools: Sequence[addresses.Pool], gateways: Sequence[str] = (),
        announce: Announce = lambda attachments, leaving: [],
    ) -> None:  # fmt: skip
        ipv6 = next((str(pool.network) for pool in pools if pool.network.version == 6), "")
        if ipv6 and not site.ipv6:
            raise CnetkitError(f"{ipv6} is an IPv6 network: make the lab with Lab(..., ipv6=True)")
        versions = [pool.network.version for pool in pools]
        if len(set(versions)) < len(versions):
            raise CnetkitError(
                f"{' and '.join(str(pool.network) for pool in pools)} are of one family: "
                f"give {name} one IPv4 network, one IPv6 network, or both"
            )
        self.site, self.name, self.pools, self._announce = site, name, list(pools), announce
        self.default_gateways = tuple(gateway.split("/")[0] for gateway in gateways)
        self.members: dict[str, Attachment] = {}
        """Its attachments, by the node's name."""

    # --- What a kind of network says ---------------------------------------------------------------------------------

    @abstractmethod
    def link(self, attachment: Attachment) -> op.Operation:
        """The operation that makes the interface of an attachment and joins it to the network."""

    @abstractmethod
    def peer(self, node: LabNode, interface: str) -> tuple[str, str]:
        """(node, interface) of the other end, for a new attachment."""

    def check_joins(self, node: LabNode) -> None:  # noqa: B027 - by default any node can
        """CnetkitError unless this kind of network can have the node as a member."""

    # --- Attaching ---------------------------------------------------------------------------------------------------

    def attach(self, node: LabNode, address: Wanted = "", interface: str = "") -> Attachment:
        """Attaches a node: at the next free address or at `address`, by the next `ethN` or by `interface`.

        On a network with IPv4 and IPv6 `address` may be a pair, `("10.1.0.7", "fd00::7")`.

        CnetkitError if the node is attached already, or if the address or the name is taken or not allowed.
        """
        self.site.check_member(node)
        self.check_joins(node)
        if node.name in self.members:
            raise CnetkitError(
                f"{node.name} is already attached to {self.name}, by {self.members[node.name].interface}"
            )
        interface = interface or node.free_interface()
        node.check_interface(interface)
        return self._attach([node], [], address, interface)[0]

    def _attach(
        self, nodes: Sequence[LabNode], before: Sequence[op.Operation], address: Wanted = "", interface: str = "eth0"
    ) -> list[Attachment]:
        if len(self.members) + len(nodes) > self.most_members:
            raise CnetkitError(
                f"{self.name} would get more than {self.most_members} members, the most it takes: use another one"
            )
        made: list[Attachment] = []
        try:
            for node in nodes:
                made.append(self._attachment(node, interface, self._take(address)))
                node.check_addresses(made[-1].addresses)
            self.site.build(*before, *self._operations(made))
        except BaseException:
            for attachment in made:
                self._give_back(attachment.addresses)
            raise
        for node, attachment in zip(nodes, made, strict=True):
            node.attachments[attachment.interface] = self.members[node.name] = attachment
            node.interfaces[attachment.interface] = attachment.addresses
        return made

    def _attachment(self, node: LabNode, interface: str, cidrs: tuple[str, ...]) -> Attachment:
        mac, peer = node.mac_for(interface, cidrs), self.peer(node, interface)
        leads_out = isinstance(node, Container) and not any(
            attachment.gateways for attachment in node.attachments.values()
        )
        return Attachment(node.name, self, interface, cidrs, mac, peer, self.default_gateways if leads_out else ())

    def _operations(self, made: Sequence[Attachment]) -> list[op.Operation]:
        links = [self.link(attachment) for attachment in made]
        given = [
            op.AddAddress(attachment.node, attachment.interface, cidr)
            for attachment in made
            for cidr in attachment.addresses
        ]
        routes = [default_route(attachment.node, gateway) for attachment in made for gateway in attachment.gateways]
        return [*links, *given, *routes, *self._announce(made, False)]

    # --- Leaving -----------------------------------------------------------------------------------------------------

    def detach(self, node: LabNode) -> None:
        """Removes a node from the network, together with the interface that joined it.

        If its default route led through this network, it gets one through its next network with a gateway. CnetkitError if
        the node is not attached.
        """
        self.site.check_member(node)
        old = next((attachment for attachment in node.attachments.values() if attachment.network is self), None)
        if old is None:
            raise CnetkitError(f"{node.name} is not attached to {self.name}")
        for notice in self.site.before_detach:
            notice(old)
        remaining = [attachment for attachment in node.attachments.values() if attachment is not old]
        leads_out = (attachment for attachment in remaining if attachment.network.default_gateways)
        successor = next(leads_out, None) if old.gateways else None
        gateways = successor.network.default_gateways if successor else ()
        routes = [default_route(node.name, gateway) for gateway in gateways]
        leaving = self.leaving([old])
        try:
            self.site.build(*leaving, op.RemoveInterface(node.name, old.interface), *routes)
        except CnetkitError:
            there = ((one.node, one.name) for one in self.site.topology.interfaces)
            if (node.name, old.interface) in there:
                raise
            self.site.build(*leaving, *routes)  # a program in the node has removed the interface
        self.site.forget((node.name, old.interface))
        if successor:
            node.attachments[successor.interface] = replace(successor, gateways=gateways)

    def leaving(self, attachments: Sequence[Attachment]) -> list[op.Operation]:
        """The operations that the rest of the network needs before these attachments are gone."""
        return self._announce(attachments, True)

    def release(self, attachment: Attachment) -> None:
        """Frees an attachment's addresses once it is gone."""
        if self.members.pop(attachment.node, None):
            self._give_back(attachment.addresses)

    # --- Addresses ---------------------------------------------------------------------------------------------------

    def _take(self, wanted: Wanted) -> tuple[str, ...]:
        """An address of each pool; all of them or none."""
        if not isinstance(wanted, str | list | tuple):
            raise CnetkitError(f"{wanted!r} is not an address: write it as '10.1.0.7', or leave it out")
        asked = [wanted] if isinstance(wanted, str) else list(wanted)
        chosen = {addresses.version(text): text for text in asked if text}
        if len(chosen) < len([text for text in asked if text]):
            raise CnetkitError(
                f"{' and '.join(asked)} are of one family: give one address of each network of {self.name}"
            )
        if foreign := chosen.keys() - {pool.network.version for pool in self.pools}:
            networks = " and ".join(str(pool.network) for pool in self.pools)
            raise CnetkitError(f"{chosen[foreign.pop()]} is not in {networks}")
        taken: list[str] = []
        try:
            for pool in self.pools:
                taken.append(pool.take(chosen.get(pool.network.version, "")))  # noqa: PERF401 - given back below
        except CnetkitError:
            self._give_back(taken)
            raise
        return tuple(taken)

    def _give_back(self, cidrs: Iterable[str]) -> None:
        for pool, cidr in zip(self.pools, cidrs, strict=False):
            pool.give_back(cidr)


class HostNetwork(PooledNetwork):
    """A network that stands on one host and has containers of that host."""

    def __init__(
        self, host: LabNode, name: str, pools: Sequence[addresses.Pool], gateways: Sequence[str] = (),
        announce: Announce = lambda attachments, leaving: [],
    ) -> None:  # fmt: skip
        super().__init__(host.site, name, pools, gateways, announce)
        self.host = host

    def check_joins(self, node: LabNode) -> None:
        """CnetkitError if the node is the network's host, or stands in another host."""
        self.site.check_member(self.host)
        if node is self.host:
            raise CnetkitError(f"{node.name} has {self.name} itself: attach its containers, or other machines")
        if node.parent not in (None, self.host):
            raise CnetkitError(
                f"{node.name} stands in {node.parent.name}, and {self.name} in {self.host.name}: a host's networks join "
                "its own containers"
            )

    def container(self, name: str, address: Wanted = "") -> Container:
        """A new container on this network, at the next free address or at `address`."""
        return self.add(Container, [name], address)[0]

    def containers(self, pattern: str, count: int) -> list[Container]:
        """Many containers, built in one batch: `net.containers("c{}", 3)` makes c0, c1 and c2."""
        try:
            names = [pattern.format(number) for number in range(count)]
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CnetkitError(
                f"containers({pattern!r}, {count!r}) gives no names ({error}): write containers('c{{}}', 3), say"
            ) from None
        if len(set(names)) < count:
            raise CnetkitError(f"{pattern!r} gives every container the same name: put {{}} where the number belongs")
        return self.add(Container, names)

    def add(self, kind: type[_Container], names: Sequence[str], address: Wanted = "") -> list[_Container]:
        """New containers of a kind, in one batch: all of them or none."""
        self.site.check_member(self.host)
        for name in names:
            self.site.check_name(name)
        made = [kind(self.host, name) for name in names]
        nodes = [op.AddNode(node.name, node.kind, self.host.name, self.site.ipv6) for node in made]
        self._attach(made, nodes, address)
        self.site.register(*made)
        return made


def default_route(node: str, gateway: str) -> op.AddRoute:
    """The default route of the gateway's address family."""
    return op.AddRoute(node, "::/0" if ":" in gateway else "0.0.0.0/0", gateway)
