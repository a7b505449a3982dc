"""Answers who waits for the network to change: as soon as the kernel tells of a link or an address, or when the time is over.

It hears that something changed and not what: the answer is read anew. It never works more than a third of the time.
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
"""Seconds after the first word of a change: a link's other end follows at once."""
_IDLE = 2
"""An answer that took long to read is followed by a pause so many times as long."""


class Changes:
    """`answer` reads the network for a reply."""

    def __init__(self, loop: Loop, stacks: Stacks, answer: Callable[[], p.Message]) -> None:
        self._loop, self._stacks, self._answer = loop, stacks, answer
        self._ears: dict[int, Netlink] = {}  # by their namespace
        self._waiting: list[tuple[Channel, int, float]] = []
        self._changed, self._due = False, False
        self._rested = 0.0

    def wait(self, channel: Channel, number: int, seconds: float) -> None:
        """Answers request `number` when something has changed since the last answer, or after so many seconds."""
        self._listen()
        self._waiting.append((channel, number, time.monotonic() + seconds))
        self._loop.later(seconds, self._reply)
        if self._changed:
            self.noted()

    def noted(self) -> None:
        """Something has changed."""
        self._changed = True
        if self._waiting and not self._due:
            self._due = True
            self._loop.later(max(_SETTLED, self._rested - time.monotonic()), self._reply)

    def built(self) -> None:
        """The lab has built or removed something. A namespace that it let go of is heard no longer: that would keep it."""
        here = {stack.inode for stack in self._stacks.values()}
        for gone in self._ears.keys() - here:
            ear = self._ears.pop(gone)
            self._loop.forget(ear.fileno())
            ear.close()
        self.noted()

    def _listen(self) -> None:
        for stack in self._stacks.values():
            if stack.inode not in self._ears:
                stack.enter()
                ear = self._ears[stack.inode] = Netlink()
                ear.join(_GROUPS, _ROOM)
                self._loop.watch(ear.fileno(), partial(self._heard, ear))

    def _heard(self, ear: Netlink) -> None:
        ear.read()
        self.noted()

    def _reply(self) -> None:
        """Answers all who wait, if something has changed, and else those whose time is over."""
        began = time.monotonic()
        if self._changed and began < self._rested:
            return  # it is asked for again then
        due = [one for one in self._waiting if self._changed or one[2] <= began]
        self._due = False
        if not due:
            return
        self._waiting = [one for one in self._waiting if one not in due]
        self._changed = False
        self._listen()
        reply = self._answer()
        for channel, number, _ in due:
            channel.send(number, reply)
        now = time.monotonic()
        self._rested = now + _IDLE * (now - began)
