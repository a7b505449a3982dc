"""What the kernel says unasked about one node: verdicts, connections, links, addresses, routes, neighbours, rules.

It decodes with tables.py and verdicts.py and puts a time on each; it draws no conclusions.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

from cnetkit.kernel import netfilter, tables, verdicts
from cnetkit.kernel.netlink import NETLINK_NETFILTER, Netlink, attributes
from cnetkit.kernel.snapshot import Names
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Connection, Event, ForwardingEntry, Interface, Loss, Topology, Verdict

_ROUTE_GROUPS = (1, 3, 5, 7, 9, 11)  # link, neighbour, IPv4 and IPv6 addresses and routes (linux/rtnetlink.h)
_FILTER_GROUPS = (1, 2, 3, 7, 9)  # connections new, changed and gone, rule sets, verdicts (linux/netfilter/nfnetlink.h)
_NEWGEN, _TRACE = (10 << 8) | 15, (10 << 8) | 17
_CT_NEW, _CT_DELETE = 1 << 8, (1 << 8) | 2
_CREATED = 0x400  # NLM_F_CREATE: a new connection, not a change of one

Action = Literal["verdict", "new", "update", "destroy"]
_Decode = Callable[[int, bytes], Iterator[tuple[str, Action, Any]]]


class Listener:
    """Hears one node. Closed with `close`."""

    def __init__(self, stack: Stack, verdicts: bool) -> None:
        self.stack = stack
        stack.enter()
        self._tracing = False
        self._verdicts = verdicts
        self.route, self.filter = Netlink(), Netlink(NETLINK_NETFILTER)
        self.route.join(_ROUTE_GROUPS)
        self.filter.join(_FILTER_GROUPS)
        self._names = Names(stack)
        self._rules = netfilter.rules(stack)
        self._packets: dict[int, int] = {}
        self._serial = 0
        if verdicts and (self._rules[0] or stack.kind in ("host", "router")):
            self._trace()

    def _trace(self) -> None:
        self._tracing = True
        self.stack.tracers += 1
        if self.stack.tracers == 1:
            netfilter.trace_on(self.stack)

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
        if kind == _TRACE:
            yield "verdict", "verdict", self._of_one_packet(verdicts.verdict(body, self._names.__getitem__))
        elif kind in (_CT_NEW, _CT_DELETE):
            found = verdicts.connection(self.stack.name, body)
            yield "connection", self._connection_action(kind, found), found
        elif kind == _NEWGEN:
            yield from self._changed_rules()

    def _of_one_packet(self, found: Verdict) -> Verdict:
        """The verdict with a trace id that no other packet has. The kernel's own is made from where the packet lies in
        memory and where it came in, so the next packet may well have the same, and one that a bridge hands up gets
        another; but each begins in our table's first chain and ends in one of its last ones, or is dropped."""
        begins = found.table == netfilter.TRACE_TABLE and found.chain in netfilter.TRACE_BEGINS
        if found.trace_id not in self._packets or (begins and found.network_header):
            self._serial += 1
            self._packets[found.trace_id] = self._serial
        serial = self._packets[found.trace_id]
        ours = found.table == netfilter.TRACE_TABLE and found.chain in netfilter.TRACE_ENDS
        if found.verdict == "drop" or (ours and found.type == "policy"):
            del self._packets[found.trace_id]
        return replace(found, trace_id=serial)

    def _connection_action(self, kind: int, found: Connection) -> Action:
        if kind == _CT_DELETE:
            return "destroy"
        return "update" if "seen-reply" in found.status else "new"

    def _changed_rules(self) -> Iterator[tuple[str, Action, Any]]:
        before, self._rules = self._rules, netfilter.rules(self.stack)
        if self._rules != before:
            yield "rules", "update", Topology(time_ns=time.time_ns(), chains=self._rules[0], rules=self._rules[1])
            if self._verdicts and not self._tracing:
                self._trace()

    def _route(self, kind: int, body: bytes) -> Iterator[tuple[str, Action, Any]]:
        family = kind & ~3
        action: Action = "destroy" if kind & 3 == 1 else "new"
        node, name = self.stack.name, self._names.__getitem__
        if family == 16 and body[0] == 0:
            self._names[struct.unpack_from("=i", body, 4)[0]] = attributes(body, 16)[3].rstrip(b"\0").decode()
            yield "interface", action, tables.link(node, body, name)[0]
        elif family == 20:
            index, cidr = tables.address(body)
            yield "interface", action, Interface(node, name(index), index, addresses=(cidr,))
        elif family == 24:
            yield "route", action, tables.route(node, body, name)
        elif family == 28 and (found := tables.neighbour(node, body, name)):
            which = "forwarding" if isinstance(found, ForwardingEntry) else "neighbour"
            yield which, action, found

    def losses(self) -> list[Loss]:
        """How often its sockets overran, if they did."""
        overruns = self.route.overruns + self.filter.overruns
        return [Loss(self.stack.name, "events", overruns)] if overruns else []

    def close(self) -> None:
        """Stops listening, and takes the tracing table away."""
        self.route.close()
        self.filter.close()
        if self._tracing:
            self.stack.tracers -= 1
            if self.stack.tracers == 0:
                netfilter.trace_off(self.stack)
