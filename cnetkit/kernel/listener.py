"""Listens to a node's netlink notifications: verdicts, connections, links, addresses, routes, neighbours, rules.

The sources decode them; the listener adds the time. It draws no conclusions.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.socket import Netlink
from cnetkit.kernel.sources import addresses, conntrack, forwarding, interfaces, neighbours, nft, routes, verdicts
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.sources.verdicts import PacketIds
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Event, Interface, Loss, Topology

Action = Literal["verdict", "new", "update", "destroy"]
_Decode = Callable[[int, bytes], Iterator[tuple[str, Action, Any]]]
_ROUTE_SOURCES = (interfaces, neighbours, addresses, routes)
_FILTER_SOURCES = (conntrack, nft, verdicts)
_DELETIONS = (nl.RTM_DELLINK, nl.RTM_DELADDR, nl.RTM_DELROUTE, nl.RTM_DELNEIGH)


class Listener:
    """Listens in one node. Closed with `close`."""

    def __init__(self, stack: Stack, with_verdicts: bool) -> None:
        self.stack = stack
        stack.enter()
        self._tracing = False
        self._verdicts = with_verdicts
        self.route, self.filter = Netlink(), Netlink(nl.NETLINK_NETFILTER)
        self.route.join([group for source in _ROUTE_SOURCES for group in source.GROUPS])
        self.filter.join([group for source in _FILTER_SOURCES for group in source.GROUPS])
        self._names = Names(stack)
        self._rules = nft.dump(stack)
        self._packets = PacketIds()
        if with_verdicts and (self._rules[0] or stack.kind in ("host", "router")):
            self._trace()

    def _trace(self) -> None:
        self._tracing = True
        self.stack.tracers += 1
        if self.stack.tracers == 1:
            families = {"netdev" if chain.hook == "ingress" else chain.family for chain in self._rules[0]}
            verdicts.trace_on(self.stack, families)

    def read(self) -> list[Event]:
        """The events since the last call."""
        return [*self._read(self.filter, self._filter), *self._read(self.route, self._route)]

    def _read(self, netlink: Netlink, decode: _Decode) -> Iterator[Event]:
        messages = netlink.read()
        now = time.time_ns()
        for kind, body in messages:
            for what, action, subject in decode(kind, body):
                yield Event(now, self.stack.name, what, action, subject)

    def _filter(self, kind: int, body: bytes) -> Iterator[tuple[str, Action, Any]]:
        if kind == nl.NFT_MSG_TRACE:
            yield "verdict", "verdict", self._packets.renumber(verdicts.read(body, self._names))
        elif kind == nl.IPCTNL_MSG_CT_DELETE:
            yield "connection", "destroy", conntrack.read(self.stack.name, body)
        elif kind == nl.IPCTNL_MSG_CT_NEW:
            connection = conntrack.read(self.stack.name, body)
            yield "connection", "update" if "seen-reply" in connection.status else "new", connection
        elif kind == nl.NFT_MSG_NEWGEN:
            yield from self._changed_rules()

    def _changed_rules(self) -> Iterator[tuple[str, Action, Any]]:
        before, self._rules = self._rules, nft.dump(self.stack)
        if self._rules != before:
            yield "rules", "update", Topology(time_ns=time.time_ns(), chains=self._rules[0], rules=self._rules[1])
            if self._verdicts and not self._tracing:
                self._trace()

    def _route(self, kind: int, body: bytes) -> Iterator[tuple[str, Action, Any]]:
        action: Action = "destroy" if kind in _DELETIONS else "new"
        node, names = self.stack.name, self._names
        if kind in (nl.RTM_NEWLINK, nl.RTM_DELLINK) and body[0] == socket.AF_UNSPEC:
            interfaces.note_name(body, names)
            yield "interface", action, interfaces.read(node, body, names).interface
        elif kind in (nl.RTM_NEWADDR, nl.RTM_DELADDR):
            index, cidr = addresses.read(body)
            yield "interface", action, Interface(node, names[index], index, addresses=(cidr,))
        elif kind in (nl.RTM_NEWROUTE, nl.RTM_DELROUTE):
            yield "route", action, routes.read(node, body, names)
        elif kind in (nl.RTM_NEWNEIGH, nl.RTM_DELNEIGH) and body[0] == socket.AF_BRIDGE:
            yield "forwarding", action, forwarding.read(node, body, names)
        elif kind in (nl.RTM_NEWNEIGH, nl.RTM_DELNEIGH) and (neighbour := neighbours.read(node, body, names)):
            yield "neighbour", action, neighbour

    def losses(self) -> list[Loss]:
        """How often its sockets lost notifications; empty if never."""
        overruns = self.route.overruns + self.filter.overruns
        return [Loss(self.stack.name, "events", overruns)] if overruns else []

    def close(self) -> None:
        """Stops listening, and removes the tracing table."""
        self.route.close()
        self.filter.close()
        if self._tracing:
            self.stack.tracers -= 1
            if self.stack.tracers == 0:
                verdicts.trace_off(self.stack)
