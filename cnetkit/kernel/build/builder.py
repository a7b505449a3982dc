"""The builder that operations are carried out with: it batches netlink messages, and remembers how to undo each step.

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
    """A netlink message; the function that returns the message undoing it (None: nothing to undo); what it makes, in words for
    an error message."""

    message: bytes
    undo: Callable[[], bytes] | None
    what: str


class Builder:
    """Builds in `stacks`. `forget` is called with the name of each node, or pod's container, that is about to be removed.
    `first` returns the process id of the first process of a node's place."""

    def __init__(self, stacks: Stacks, forget: Callable[[str], object], first: Callable[[str], int]) -> None:
        self.stacks = stacks
        self.forget, self.first = forget, first
        self.programs: dict[str, str] = {}
        """The folders of programs that hosts may have as their root, by name."""
        self._queued: dict[str, list[BuildStep]] = {}
        self._undo: list[Callable[[], object]] = []

    def on_failure(self, undo: Callable[[], object]) -> None:
        """Remembers how to undo a step, in case a later one fails."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Undoes all remembered steps, the last one first, and drops the queue."""
        self._queued.clear()
        for undo in reversed(self._undo):
            with contextlib.suppress(OSError, CnetkitError):  # the step itself may have failed
                undo()
        self._undo.clear()

    def done(self) -> None:
        """Sends the queue, and keeps everything that was built: nothing can be undone afterwards."""
        self.flush()
        self._undo.clear()

    def queue(self, stack: Stack, step: BuildStep) -> None:
        """Delays a step on which only later steps in its own stack depend, so that they go out in one batch."""
        self._queued.setdefault(stack.name, []).append(step)

    def flush(self) -> None:
        """Sends the queue. Call it before doing anything that may depend on a queued step."""
        while self._queued:
            name = next(iter(self._queued))
            self.send(self.stacks.find(name), self._queued.pop(name))

    def send(self, stack: Stack, steps: Sequence[BuildStep]) -> None:
        """Sends steps in one batch. CnetkitError if the kernel refuses a step; the others can be undone."""
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
        """Switches off a link's checksum offload, immediately."""
        try:
            checksums_in_software(stack.control, name)
        except OSError as error:
            raise CnetkitError(f"the kernel refused to switch off offload on {stack.name}/{name}: {error}") from None


def _send_undo(stack: Stack, undo: Callable[[], bytes]) -> None:
    stack.netlink.batch([undo()])
