"""A node whose network namespace somebody else made, such as a container of a real engine in a host.

It is observed, captured and entered like every other node. What belongs to its maker is left to its maker.
"""

from __future__ import annotations

from collections.abc import Callable

from cnetkit import operations as op, protocol as p
from cnetkit.lab.node import LabNode
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError, NodeKind


class AdoptedNode(LabNode):
    """`host` is the node in which its maker runs. It comes and goes as its maker wants."""

    def __init__(self, site: Site, name: str, kind: NodeKind, host: LabNode) -> None:
        super().__init__(site, name, kind, host)
        self.host = host

    @property
    def interfaces(self) -> dict[str, tuple[str, ...]]:
        """Its interfaces with their addresses, in CIDR form, as the kernel has them now."""
        here = self.site.topology.interfaces
        return {one.name: one.addresses for one in here if one.node == self.name and one.kind != "loopback"}

    @interfaces.setter
    def interfaces(self, given: dict[str, tuple[str, ...]]) -> None:
        """Nothing is given here: its maker does that."""

    def remove(self) -> None:
        """CnetkitError: only its maker can remove it."""
        raise CnetkitError(f"{self.name} was made by a program in {self.host.name}: have that program remove it")


def adopt(host: LabNode, name: str, *, path: str = "", pid: int = 0, kind: NodeKind = "container") -> AdoptedNode:
    """Makes a node of a network namespace that a program in the host has made, by its path there or by a process in it.

    CnetkitError if there is no such namespace, or it is a node already.
    """
    host.site.check_member(host)
    host.site.check_name(name)
    if bool(path) == bool(pid):
        raise CnetkitError("say which network namespace: path='/run/netns/blue', or pid=1234 of a process in it")
    host.site.build(op.AdoptNode(name, kind, host.name, path, pid))
    made = AdoptedNode(host.site, name, kind, host)
    host.site.register(made)
    return made


def follow(host: LabNode, names: list[str], kind: NodeKind = "container") -> None:
    """Makes a node of each network namespace that programs in the host make from now on, and of those that are there.

    `names`: a command that runs there and prints lines of an identifier and a name; see `protocol.Follow`.
    """
    host.site.check_member(host)
    host.site.request(p.Follow(host.name, kind, names), p.Done)


def noticed(site: Callable[[], Site | None], message: p.Message) -> None:
    """Registers nodes that have appeared by themselves, and forgets those that have gone."""
    here = site()
    match message:
        case p.Adopted(node=name, kind=kind, host=host) if here and isinstance(
            parent := here.members.get(host), LabNode
        ):
            here.register(AdoptedNode(here, name, kind, parent))
        case p.Gone(node=name) if here:
            here.unregister(name)
