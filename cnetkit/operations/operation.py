"""The base class of all operations: what each one has besides its data. It lists none of them."""

from __future__ import annotations

from cnetkit.operations.message import Message


class Operation(Message, frozen=True):
    """One step of building a network."""

    def comment(self) -> str:
        """What the step does, in a few words, for a comment above its commands."""
        raise NotImplementedError

    def commands(self) -> list[str]:
        """The shell commands that do the same by hand, one per line."""
        raise NotImplementedError
