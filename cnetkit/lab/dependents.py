"""Which interfaces the kernel removes together with another one: the other end of a veth pair, macvlan and VXLAN interfaces.

It is kept from the operations that were carried out, and asks no kernel. Sources: veth(4), ip-link(8).
"""

from __future__ import annotations

from collections.abc import Iterable

from cnetkit import operations as op

Interface = tuple[str, str]
"""(node, interface)"""


class Dependents:
    """The interfaces that depend on each interface of a lab."""

    def __init__(self) -> None:
        self._on: dict[Interface, set[Interface]] = {}

    def built(self, operations: Iterable[op.Operation]) -> None:
        """Notes operations that have been carried out."""
        for operation in operations:
            match operation:
                case op.AddVeth(node=node, name=name, peer_node=peer, peer_name=end):
                    self._add((node, name), (peer, end))
                    self._add((peer, end), (node, name))
                case op.AddMacvlan(parent_node=host, parent=parent, node=node, name=name):
                    self._add((host, parent), (node, name))
                case op.AddVxlan(node=node, name=name, underlay=device):
                    self._add((node, device), (node, name))

    def _add(self, interface: Interface, dependent: Interface) -> None:
        self._on.setdefault(interface, set()).add(dependent)

    def remove(self, interfaces: Iterable[Interface]) -> set[Interface]:
        """All interfaces that go when these go, themselves included. They are forgotten."""
        going = set(interfaces)
        waiting = list(going)
        while waiting:
            new = self._on.pop(waiting.pop(), set()) - going
            going |= new
            waiting += new
        for dependents in self._on.values():
            dependents.difference_update(going)
        return going

    def of_nodes(self, nodes: set[str]) -> list[Interface]:
        """The interfaces of some nodes that others depend on."""
        return [interface for interface in self._on if interface[0] in nodes]
