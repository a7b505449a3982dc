"""What the files in this folder build with: it queues netlink messages, sends them in batches, and notes how each is undone.

It knows no operation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from cnetkit.kernel.links.link import checksums_in_software
from cnetkit.kernel.netlink.socket import NetlinkError
from cnetkit.kernel.stacks import Stack, Stacks
from cnetkit.model import CnetkitError


class BuildStep(NamedTuple):
    """One netlink message, how it is undone (None: not at all), and what it makes, in words for an error."""

    message: bytes
    undo: Callable[[], bytes] | None
    what: str


class Builder:
    """Builds in `stacks`. `forget` is called with each removed node's name, before its stack goes."""

    def __init__(self, stacks: Stacks, forget: Callable[[str], object]) -> None:
        self.stacks = stacks
        self.forget = forget
        self._queued: dict[str, list[BuildStep]] = {}
        self._undo: list[Callable[[], object]] = []

    def on_failure(self, undo: Callable[[], object]) -> None:
        """Notes how something that was done is undone."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Undoes what was noted, the last first, and forgets what is queued."""
        self._queued.clear()
        for undo in reversed(self._undo):
            with contextlib.suppress(OSError, CnetkitError):  # what was not built cannot be undone
                undo()
        self._undo.clear()

    def done(self) -> None:
        """Sends what is queued. What was built stays: it is not undone any more."""
        self.flush()
        self._undo.clear()

    def queue(self, stack: Stack, step: BuildStep) -> None:
        """Keeps a step that only later steps of its own stack depend on, so that a stack's go in one batch."""
        self._queued.setdefault(stack.name, []).append(step)

    def flush(self) -> None:
        """Sends what is queued. To be called before anything that may depend on it."""
        while self._queued:
            name = next(iter(self._queued))
            self.send(self.stacks.find(name), self._queued.pop(name))

    def send(self, stack: Stack, steps: Sequence[BuildStep]) -> None:
        """Sends steps in one batch."""
        refused: set[int] = set()
        try:
            stack.netlink.batch([step.message for step in steps])
        except NetlinkError as error:
            refused = error.refused
            raise CnetkitError(f"the kernel refused {steps[error.index].what}: {error.strerror}") from None
        finally:
            for place, step in enumerate(steps):
                if step.undo and place not in refused:
                    self.on_failure(partial(_send_undo, stack, step.undo))

    def checksums_in_software(self, stack: Stack, name: str) -> None:
        """Switches a link's checksum offload off, at once."""
        try:
            checksums_in_software(stack.control, name)
        except OSError as error:
            raise CnetkitError(f"the kernel refused to switch off offload on {stack.name}/{name}: {error}") from None


def _send_undo(stack: Stack, undo: Callable[[], bytes]) -> None:
    stack.netlink.batch([undo()])
