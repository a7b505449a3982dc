"""Answers Status requests that wait for the network to change: when a link or an address changes, or when their time is up.

A change only triggers a new reading of the network; its content is not used. Reading takes at most a third of the agent's time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from cnetkit import protocol as p
from cnetkit.kernel.channel import Channel, Loop
from cnetkit.kernel.netlink.socket import Netlink
from cnetkit.kernel.sources import addresses, interfaces
from cnetkit.kernel.stacks import Stacks

_GROUPS = (*interfaces.GROUPS, *addresses.GROUPS)
_ROOM = 1 << 16
_SETTLED = 0.002
"""Seconds to wait after the first message of a change: that of a link's other end follows at once."""
_IDLE = 2
"""After an answer, pause this many times as long as it took to read it."""


class Changes:
    """The waiting requests. `answer` reads the network and returns the reply."""

    def __init__(self, loop: Loop, stacks: Stacks, answer: Callable[[], p.Message]) -> None:
        self._loop, self._stacks, self._answer = loop, stacks, answer
        self._sockets: dict[int, Netlink] = {}
        """The socket in each namespace, by inode."""
        self._waiting: list[tuple[Channel, int, float]] = []
        self._changed, self._due = False, False
        self._pause_until = 0.0

    def wait(self, channel: Channel, number: int, seconds: float) -> None:
        """Answers request `number` when something has changed since the last answer, or after `seconds`."""
        self._listen()
        self._waiting.append((channel, number, time.monotonic() + seconds))
        self._loop.later(seconds, self._reply)
        if self._changed:
            self.note()

    def note(self) -> None:
        """Notes that something has changed, and schedules the answers."""
        self._changed = True
        if self._waiting and not self._due:
            self._due = True
            self._loop.later(max(_SETTLED, self._pause_until - time.monotonic()), self._reply)

    def built(self) -> None:
        """To be called after a Build request. Closes the sockets in removed namespaces: they would keep them alive."""
        present = {stack.inode for stack in self._stacks.values()}
        for removed in self._sockets.keys() - present:
            netlink = self._sockets.pop(removed)
            self._loop.forget(netlink.fileno())
            netlink.close()
        self.note()

    def _listen(self) -> None:
        for stack in self._stacks.values():
            if stack.inode not in self._sockets:
                stack.enter()
                netlink = self._sockets[stack.inode] = Netlink()
                netlink.join(_GROUPS, _ROOM)
                self._loop.watch(netlink.fileno(), partial(self._read, netlink))

    def _read(self, netlink: Netlink) -> None:
        netlink.read()
        self.note()

    def _reply(self) -> None:
        """Answers all waiting requests if something has changed, otherwise those whose time is up."""
        began = time.monotonic()
        if self._changed and began < self._pause_until:
            return  # called again when the pause is over
        due = [waiting for waiting in self._waiting if self._changed or waiting[2] <= began]
        self._due = False
        if not due:
            return
        self._waiting = [waiting for waiting in self._waiting if waiting not in due]
        self._changed = False
        self._listen()
        reply = self._answer()
        for channel, number, _ in due:
            channel.send(number, reply)
        now = time.monotonic()
        self._pause_until = now + _IDLE * (now - began)
