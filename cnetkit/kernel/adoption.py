"""Adopts network namespaces that programs in a host made: each becomes a node of the lab, until nothing is in it any more.

Their names come from a command that runs in the host and prints lines of an identifier and a name. It knows no container engine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from cnetkit.kernel import netns, processes
from cnetkit.kernel.channel import Loop
from cnetkit.kernel.netlink.constants import RTNLGRP_LINK, RTNLGRP_NSID
from cnetkit.kernel.netlink.socket import Netlink
from cnetkit.kernel.places import Places
from cnetkit.kernel.processes import Process
from cnetkit.kernel.stacks import Stack, Stacks
from cnetkit.kernel.strangers import Stranger, command_lines, mounted, occupied, strangers
from cnetkit.model import CnetkitError, NodeKind

_REST = 0.25
"""Seconds after which it looks again if no change was reported."""
_UNNAMED = 1.0
"""A namespace that has no name after so many seconds gets one of its own."""
_AGAIN = 0.005
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


@dataclass(slots=True)
class _Followed:
    """A host whose programs make namespaces. `first`: the pid of its place's first process."""

    host: Stack
    kind: NodeKind
    first: int
    netlink: Netlink
    source: Process | None
    text: bytes = b""
    names: dict[str, str] = field(default_factory=dict)
    waiting: dict[int, float] = field(default_factory=dict)
    """Namespaces without a name yet, by inode, and until when one is waited for."""
    adopted: dict[int, str] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    """Namespaces that could not be opened or entered."""


class Adoption:
    """Follows hosts. `appeared` is called with each new stack, `gone` with the name of one that its programs have given up."""

    def __init__(
        self, loop: Loop, stacks: Stacks, places: Places,
        appeared: Callable[[Stack], object], gone: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._loop, self._stacks, self._places = loop, stacks, places
        self._appeared, self._gone = appeared, gone
        self._followed: dict[str, _Followed] = {}

    def follow(self, host: Stack, kind: NodeKind, names: Sequence[str]) -> None:
        """Adopts from now on what appears in a host. `names`: the command that prints names. Does nothing a second time."""
        if host.name in self._followed:
            return
        place = self._places.of(host)
        host.enter()
        netlink = Netlink()
        netlink.join((RTNLGRP_LINK, RTNLGRP_NSID))
        source = processes.start(place, host.name, names, {}, None) if names else None
        followed = _Followed(host, kind, self._places.pid(host.name), netlink, source)
        self._followed[host.name] = followed
        self._loop.watch(netlink.fileno(), partial(self._changed, followed))
        if source:
            for fd in source.outputs:
                self._loop.watch(fd, partial(self._named, followed, fd))
        self._look_again(followed)

    def look(self) -> bool:
        """Adopts what is new in all hosts, and gives up what is gone. Whether all of it has a name."""
        for followed in self._followed.values():
            if followed.source:
                self._read_names(followed)
            self._look(followed)
        return not any(followed.waiting for followed in self._followed.values())

    def settle(self, then: Callable[[], object]) -> None:
        """Calls `then` when everything that has appeared up to now is adopted."""
        if self.look():
            then()
        else:
            self._loop.later(_AGAIN, lambda: self.settle(then))

    def forget(self, name: str) -> None:
        """Ends following a host that is about to be removed, or forgets a node that was removed."""
        if followed := self._followed.pop(name, None):
            self._loop.forget(followed.netlink.fileno())
            followed.netlink.close()
            for fd in followed.source.outputs if followed.source else ():
                self._loop.forget(fd)
                os.close(fd)
        for followed in self._followed.values():
            followed.adopted = {inode: node for inode, node in followed.adopted.items() if node != name}

    # --- What tells of a change ------------------------------------------------------------------------------------------

    def _changed(self, followed: _Followed) -> None:
        followed.netlink.read()
        self._look(followed)

    def _named(self, followed: _Followed, fd: int) -> None:
        self._read_names(followed)
        self._look(followed)

    def _look_again(self, followed: _Followed) -> None:
        if self._followed.get(followed.host.name) is followed:
            self._look(followed)
            self._loop.later(_REST, lambda: self._look_again(followed))

    def _read_names(self, followed: _Followed) -> None:
        source = followed.source
        for fd, stream in list(source.outputs.items()) if source else ():
            try:
                data = os.read(fd, 1 << 16)
            except BlockingIOError:
                continue
            if not data and source:
                self._loop.forget(fd)
                os.close(fd)
                del source.outputs[fd]
            elif stream == 1:
                *lines, followed.text = (followed.text + data).split(b"\n")
                for line in lines:
                    identifier, _, name = line.decode(errors="replace").strip().partition(" ")
                    followed.names[identifier] = name

    # --- Looking ---------------------------------------------------------------------------------------------------------

    def _look(self, followed: _Followed) -> None:
        if followed.adopted:
            theirs = {inode for inode, name in followed.adopted.items() if not self._places.made(name)}
            kept = occupied(theirs) | {inode for inode, _ in mounted(followed.first)}
            for inode in followed.adopted.keys() - kept:
                self._gone(followed.adopted.pop(inode))
        known = {stack.inode for stack in self._stacks.values()} | {netns.inode(self._stacks.home)}
        found = strangers(followed.first, known | followed.refused)
        for stranger in found:
            followed.waiting.setdefault(stranger.inode, time.monotonic() + _UNNAMED)
            if name := self._name(followed, stranger):
                del followed.waiting[stranger.inode]
                self._adopt(followed, stranger, name)
        followed.waiting = {one.inode: followed.waiting[one.inode] for one in found if one.inode in followed.waiting}

    def _adopt(self, followed: _Followed, stranger: Stranger, name: str) -> None:
        try:
            fd = netns.adopt(stranger.path)
            if netns.inode(fd) != stranger.inode:  # it has ended, and its process or file now has another one
                os.close(fd)
                return
            stack = self._stacks.adopt(name, followed.kind, followed.host.name, fd)
        except FileNotFoundError:
            return  # it has ended
        except (OSError, CnetkitError):
            followed.refused.add(stranger.inode)
            return
        followed.adopted[stranger.inode] = name
        self._appeared(stack)

    def _name(self, followed: _Followed, stranger: Stranger) -> str:
        """What a namespace is called here; empty as long as its name may still become known."""
        name = ""
        if stranger.pid:
            told = (
                followed.names[word] for line in command_lines(stranger.pid) for word in followed.names if word in line
            )
            name = next(told, "")
        if not name and time.monotonic() < followed.waiting[stranger.inode]:
            return ""
        own = name or os.path.basename(stranger.mounted)
        if not (own and _LETTERS.issuperset(own) and own[0].isalnum() and own[-1].isalnum() and len(own) < 64):
            own = f"namespace-{stranger.inode}"
        return own if own not in self._stacks else f"{own[:40]}.{followed.host.name[:22]}"
