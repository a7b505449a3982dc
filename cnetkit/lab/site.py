"""What a lab offers to its nodes, networks and systems: build, send requests, check names, register nodes, hear of removals.

It knows the sandbox and the register of nodes. It does not know which kinds of nodes, networks or systems there are. Learners
use `cnetkit.lab.lab` instead.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from cnetkit import operations as op, protocol as p
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.dependents import Dependents, Interface
from cnetkit.lab.parts import Parts
from cnetkit.model import CnetkitError, NodeKind, Topology
from cnetkit.sandbox import Sandbox

_Reply = TypeVar("_Reply", bound=p.Message)
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


class Member(Protocol):
    """A node, as the register sees it."""

    name: str
    kind: NodeKind
    interfaces: dict[str, tuple[str, ...]]
    attachments: dict[str, Attachment]

    @property
    def parent(self) -> Member | None:
        """The node it is placed in: a container's host."""


class Site(Parts):
    """What everything in a lab shares. Its sandbox ends when neither the lab nor a node of it is referenced any more.

    `ipv6`: nodes are dual-stack.
    """

    def __init__(self, name: str, sandbox: Sandbox, ipv6: bool) -> None:
        super().__init__()
        self.name, self.sandbox, self.ipv6 = name, sandbox, ipv6
        self.built: list[op.Operation] = []
        """Every operation that has been carried out."""
        self.before_removal: list[Callable[[Member], None]] = []
        """Called with a node that is about to be removed, while it still works."""
        self.before_detach: list[Callable[[Attachment], None]] = []
        """Called with an attachment that is about to be removed, while it still works."""
        self.after_removal: list[Callable[[str], None]] = []
        """Called with the name of a node that has been removed."""
        self._members: dict[str, Member] = {}
        self._dependents = Dependents()
        self._captures = 0
        weakref.finalize(self, sandbox.close)

    # --- The sandbox -------------------------------------------------------------------------------------------------

    def build(self, *operations: op.Operation) -> None:
        """Has the sandbox carry out operations: all of them or none."""
        self.sandbox.request(p.Build(list(operations)), p.Done)
        self.built += operations
        self._dependents.built(operations)

    def request(self, request: p.Request, expected: type[_Reply]) -> _Reply:
        """Sends a request to the sandbox and waits for the reply."""
        return self.sandbox.request(request, expected)

    @property
    def topology(self) -> Topology:
        """A snapshot of the network as the kernel has it now."""
        state = self.request(p.Snapshot(), p.State)
        assert state.topology is not None  # noqa: S101 - Snapshot's reply always has one
        return state.topology

    def capture_number(self) -> int:
        """A number for the next capture; each is given out once."""
        self._captures += 1
        return self._captures

    # --- The register ------------------------------------------------------------------------------------------------

    @property
    def members(self) -> Mapping[str, Member]:
        """The nodes by name, in the order in which they were made."""
        return self._members

    def register(self, *nodes: Member) -> None:
        """Adds nodes that have been built."""
        self._members |= {node.name: node for node in nodes}

    def unregister(self, name: str) -> None:
        """Forgets a node that has gone by itself."""
        self._members.pop(name, None)

    def check_name(self, name: str) -> None:
        """CnetkitError unless a new node can have this name."""
        check_word(name)
        if name in self._members:
            raise CnetkitError(f"there is already a node {name!r} in this lab: choose another name")

    def check_member(self, node: Member) -> None:
        """CnetkitError unless this node is in the lab."""
        if not isinstance(getattr(node, "attachments", None), dict):
            raise CnetkitError(
                f"{node!r} is not a node: give what lab.host, lab.router or a network's container returned, or lab['NAME']"
            )
        if self._members.get(node.name) is not node:
            raise CnetkitError(f"{node.name} is not a node of the lab {self.name} (any more)")

    def remove(self, node: Member) -> None:
        """Removes a node, with all nodes that are placed in it, after its networks have prepared for that."""
        self.check_member(node)
        for notice in self.before_removal:
            notice(node)
        removed = [*(inner for inner in self._members.values() if inner.parent is node), node]
        attachments = [attachment for member in removed for attachment in member.attachments.values()]
        preparations = [step for attachment in attachments for step in attachment.network.leaving([attachment])]
        self.build(*preparations, *(op.RemoveNode(member.name) for member in removed))
        for member in removed:
            del self._members[member.name]
            for attachment in member.attachments.values():
                attachment.network.release(attachment)
        self.forget(*self._dependents.of_nodes({member.name for member in removed}))
        for member in removed:
            for after in self.after_removal:
                after(member.name)

    def forget(self, *interfaces: Interface) -> None:
        """Forgets interfaces that have been removed, and those that the kernel has removed with them."""
        for name, interface in self._dependents.remove(interfaces):
            member = self._members.get(name)
            if member is not None:
                member.interfaces.pop(interface, None)
                if attachment := member.attachments.pop(interface, None):
                    attachment.network.release(attachment)


def check_word(name: str, what: str = "a node's name") -> None:
    """CnetkitError unless a lab, a node or a container of a pod can have this name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CnetkitError(f"{name!r} cannot be {what}: use letters, digits, '-', '_' and '.', 63 at most")
