"""Answers WaitPort requests when a socket listens on the port. It starts nothing."""

from __future__ import annotations

import time

from cnetkit import protocol as p
from cnetkit.kernel.channel import Channel, Loop
from cnetkit.kernel.sources import listeners
from cnetkit.kernel.stacks import Stack

_EVERY = 0.01
"""Seconds between two checks."""


class PortWaits:
    """Checks the ports of waiting requests with the loop's timers, so that other requests are answered meanwhile."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def wait(self, channel: Channel, number: int, stack: Stack, request: p.WaitPort) -> None:
        """Answers request `number` as soon as a socket listens on the port, or with a Failure when the time is up."""
        self._check(channel, number, stack, request, time.monotonic() + request.timeout)

    def _check(self, channel: Channel, number: int, stack: Stack, request: p.WaitPort, until: float) -> None:
        if not channel.open:
            return
        if stack.stacks.get(stack.name) is not stack:
            channel.send(number, p.Failure(f"{stack.name} was removed"))
            return
        ports = listeners.ports(stack, request.protocol)
        if request.port in ports:
            channel.send(number, p.Done())
        elif time.monotonic() < until:
            self._loop.later(_EVERY, lambda: self._check(channel, number, stack, request, until))
        else:
            listed = ", ".join(str(port) for port in sorted(ports)) or "none"
            channel.send(
                number,
                p.Failure(
                    f"nothing listens on {request.protocol} port {request.port} of {request.node} after "
                    f"{request.timeout:g} s; ports in use: {listed}"
                ),
            )
