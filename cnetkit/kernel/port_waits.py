"""Answers requests that wait until something listens on a port of a node. It starts nothing."""

from __future__ import annotations

import time

from cnetkit import protocol as p
from cnetkit.kernel.channel import Channel, Loop
from cnetkit.kernel.sources import listeners
from cnetkit.kernel.stacks import Stack

_EVERY = 0.01
"""Seconds between two looks."""


class PortWaits:
    """The requests that wait."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def wait(self, channel: Channel, number: int, stack: Stack, request: p.WaitPort) -> None:
        """Answers request `number` as soon as the port is taken, or with a Failure when the time is over."""
        self._look(channel, number, stack, request, time.monotonic() + request.timeout)

    def _look(self, channel: Channel, number: int, stack: Stack, request: p.WaitPort, until: float) -> None:
        if not channel.open:
            return
        if stack.stacks.get(stack.name) is not stack:
            channel.send(number, p.Failure(f"{stack.name} was removed"))
            return
        ports = listeners.ports(stack, request.protocol)
        if request.port in ports:
            channel.send(number, p.Done())
        elif time.monotonic() < until:
            self._loop.later(_EVERY, lambda: self._look(channel, number, stack, request, until))
        else:
            listed = ", ".join(str(port) for port in sorted(ports)) or "none"
            channel.send(
                number,
                p.Failure(
                    f"nothing listens on {request.protocol} port {request.port} of {request.node} after "
                    f"{request.timeout:g} s; ports in use: {listed}"
                ),
            )
