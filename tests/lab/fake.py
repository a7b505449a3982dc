"""A sandbox that builds nothing: it keeps the operations that it was asked for, or refuses them."""

from __future__ import annotations

from collections.abc import Callable

from cnetkit import operations as op, protocol as p
from cnetkit.lab.host import Host
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError


class FakeSandbox:
    def __init__(self):
        self.built: list[list[op.Operation]] = []
        self.refuses = self.closed = False
        self.served: list[Callable[[p.Message], None]] = []
        """Who hears of each server's end, by the server's number."""

    def request(self, request, expected):
        if self.refuses:
            raise CnetkitError("the kernel refused")
        if isinstance(request, p.Serve):
            return p.Started(len(self.served), 0)
        if isinstance(request, p.Signal):
            self.served[request.process](p.Exited(request.process, -request.number))
            return p.Done()
        self.built.append(request.operations)
        return p.Done()

    def listen(self, kind, key, handler):
        self.served.append(handler)

    def close(self):
        pass


def site(**options) -> Site:
    return Site("lab", FakeSandbox(), **{"ipv6": False, **options})


def host(where: Site, name: str = "dock") -> Host:
    made = Host(where, name, "host")
    where.register(made)
    return made
