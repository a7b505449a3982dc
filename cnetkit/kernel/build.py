"""Carries out a Build request: operations in order, those of one kind in one batch; all of them or none.

It knows the operations of the protocol, not what a lab means by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from cnetkit.kernel import connections, links, netfilter, tunnels
from cnetkit.kernel.netlink import NetlinkError
from cnetkit.kernel.stacks import Stack, Stacks
from cnetkit.model import CnetkitError
from cnetkit.operations import (
    AddAddress,
    AddBridge,
    AddForwarding,
    AddNeighbour,
    AddNode,
    AddRoute,
    AddVeth,
    AddVxlan,
    ForgetConnections,
    NftTable,
    Operation,
    RemoveNode,
    Rules,
    SetSysctl,
)

Undo = list[Callable[[], object]]
Wish = tuple[bytes, Callable[[], bytes] | None, str]
"""A message, what makes the one that takes it back (or nothing), and its name in words."""
_LINKS = {AddNode, AddBridge, AddVeth, AddVxlan, AddAddress, AddRoute, AddForwarding, AddNeighbour}


class Builder:
    """Builds in `stacks`. `forget` is called with each removed node's name, before its stack goes."""

    def __init__(self, stacks: Stacks, forget: Callable[[str], object]) -> None:
        self._stacks = stacks
        self._forget = forget
        self._queued: dict[str, list[Wish]] = {}
        self._steps: dict[type, Callable[[Any, Undo], None]] = {
            AddNode: self._nodes,
            RemoveNode: self._remove,
            AddBridge: self._bridges,
            AddVeth: self._veths,
            AddVxlan: self._vxlans,
            AddAddress: self._addresses,
            AddRoute: self._routes,
            AddForwarding: self._forwarding,
            AddNeighbour: self._neighbours,
            SetSysctl: self._sysctls,
            Rules: self._rules,
            NftTable: self._tables,
            ForgetConnections: self._connections,
        }

    def build(self, operations: Sequence[Operation]) -> None:
        """Carries out `operations`. Where one fails, the earlier ones are undone and CnetkitError says which and why."""
        undo: Undo = []
        try:
            for kind, run in groupby(operations, key=type):
                if kind not in _LINKS:
                    self._flush(undo)
                self._steps[kind](list(run), undo)
            self._flush(undo)
        except BaseException:
            self._queued.clear()
            for step in reversed(undo):
                try:
                    step()
                except (OSError, CnetkitError):
                    continue  # what was not built cannot be taken away
            raise

    def _nodes(self, operations: list[AddNode], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.add(one.name, one.kind, one.host, one.ipv6)
            undo.append(partial(self._stacks.remove, one.name))
            self._queue(stack, (links.set_up("lo"), None, f"setting up {one.name}/lo"))

    def _remove(self, operations: list[RemoveNode], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.name.partition("/")[0])
            self._forget(one.name)
            if "/" in one.name:
                continue  # a container of a pod: the pod stays
            # A process may hold the namespace a little longer; its links to others go now.
            names = links.names(stack.netlink)
            stack.netlink.batch([links.delete_link(name) for name in names if name != "lo"])
            self._stacks.remove(one.name)

    def _bridges(self, operations: list[AddBridge], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            name = f"a bridge {one.name!r} in {one.node}"
            self._send(stack, [(links.bridge(one.name, one.mac), partial(links.delete_link, one.name), name)], undo)
            self._software(stack, one.name)

    def _veths(self, operations: list[AddVeth], undo: Undo) -> None:
        find = self._stacks.find
        for node, group in groupby(operations, key=lambda one: one.node):
            pairs = list(group)
            stack = find(node)
            masters = {name: stack.index(name) for name in {one.master for one in pairs} if name}
            wishes: list[Wish] = []
            for one in pairs:
                far = find(one.peer_node).fd
                new = links.veth(
                    one.name, one.mac, masters.get(one.master, 0), one.peer_name, one.peer_mac, far, one.mtu
                )
                what = f"a link {node}/{one.name} to {one.peer_node}/{one.peer_name}"
                wishes.append((new, partial(links.delete_link, one.name), what))
            self._send(stack, wishes, undo)
            bent = [links.hairpin(stack.index(one.name)) for one in pairs if one.hairpin]
            self._send(stack, [(new, None, f"hairpin mode in {node}") for new in bent], undo)
            for one in pairs:
                peer = find(one.peer_node)
                if not one.offload:
                    self._software(stack, one.name)
                    self._software(peer, one.peer_name)
                self._queue(peer, (links.set_up(one.peer_name), None, f"setting up {one.peer_node}/{one.peer_name}"))

    def _vxlans(self, operations: list[AddVxlan], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            under, master = stack.index(one.underlay), stack.index(one.master) if one.master else 0
            ends = one.local, under, one.port, master
            new = tunnels.vxlan(one.name, one.mac, one.id, *ends, one.learning, one.proxy, one.mtu)
            what = f"a VXLAN {one.name!r} in {one.node}"
            self._send(stack, [(new, partial(links.delete_link, one.name), what)], undo)
            self._software(stack, one.name)

    def _addresses(self, operations: list[AddAddress], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            index, what = stack.index(one.interface), f"the address {one.address} on {one.node}/{one.interface}"
            self._queue(
                stack, (links.address(index, one.address), partial(links.address, index, one.address, True), what)
            )

    def _routes(self, operations: list[AddRoute], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            entry = one.destination, one.via, stack.index(one.interface) if one.interface else 0, one.onlink
            what = f"a route to {one.destination} in {one.node}"
            self._queue(stack, (links.route(*entry), partial(links.route, *entry, remove=True), what))

    def _forwarding(self, operations: list[AddForwarding], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            entry = stack.index(one.interface), one.mac, one.remote
            what = f"the forwarding entry {one.mac} to {one.remote} on {one.node}/{one.interface}"
            new, back = (partial(tunnels.forwarding, *entry, remove) for remove in (one.remove, not one.remove))
            self._queue(stack, (new(), back, what))

    def _neighbours(self, operations: list[AddNeighbour], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            entry = stack.index(one.interface), one.address, one.mac
            what = f"the neighbour {one.address} on {one.node}/{one.interface}"
            new, back = (partial(tunnels.neighbour, *entry, remove) for remove in (one.remove, not one.remove))
            self._queue(stack, (new(), back, what))

    def _sysctls(self, operations: list[SetSysctl], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            before = stack.sysctl(one.name)
            if before is None and one.optional:
                continue
            undo.append(partial(stack.set_sysctl, one.name, before or ""))
            stack.set_sysctl(one.name, one.value)

    def _connections(self, operations: list[ForgetConnections], undo: Undo) -> None:
        for one in operations:  # what is forgotten cannot be brought back, and need not: it is found out anew
            connections.forget(self._stacks.find(one.node), one)

    def _rules(self, operations: list[Rules], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            if one.replace:
                undo.append(partial(netfilter.put_back, stack, netfilter.save(stack, one.ipv6), one.ipv6))
            else:
                undo.append(partial(netfilter.restore, stack, one.inverse(), one.ipv6))
            netfilter.restore(stack, one.text, one.ipv6)

    def _tables(self, operations: list[NftTable], undo: Undo) -> None:
        for one in operations:
            stack = self._stacks.find(one.node)
            name = f"{one.family} {one.table}"
            before = stack.nft.run(f"list table {name}") if netfilter.has_table(stack, one.family, one.table) else ""
            undo.append(partial(stack.nft.run, f"add table {name}\ndelete table {name}\n{before}"))
            stack.nft.run(one.text)

    def _queue(self, stack: Stack, wish: Wish) -> None:
        """Keeps a wish that nothing but wishes of its own stack waits for, so that a stack's go in one batch."""
        self._queued.setdefault(stack.name, []).append(wish)

    def _flush(self, undo: Undo) -> None:
        while self._queued:
            name = next(iter(self._queued))
            self._send(self._stacks.find(name), self._queued.pop(name), undo)

    def _send(self, stack: Stack, wishes: Sequence[Wish], undo: Undo) -> None:
        """Sends wishes in one batch."""
        refused: set[int] = set()
        try:
            stack.netlink.batch([new for new, _, _ in wishes])
        except NetlinkError as error:
            refused = error.refused
            raise CnetkitError(f"the kernel refused {wishes[error.index][2]}: {error.strerror}") from None
        finally:
            done = [back for place, (_, back, _) in enumerate(wishes) if back and place not in refused]
            undo += [partial(_take_back, stack, back) for back in done]

    def _software(self, stack: Stack, name: str) -> None:
        try:
            links.checksums_by_software(stack.control, name)
        except OSError as error:
            raise CnetkitError(f"the kernel refused to switch off offload on {stack.name}/{name}: {error}") from None


def _take_back(stack: Stack, back: Callable[[], bytes]) -> None:
    stack.netlink.batch([back()])
