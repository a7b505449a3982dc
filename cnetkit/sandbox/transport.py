"""What carries messages between a client and an agent: the interface that each transport has. It sends nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Transport(Protocol):
    """Carries messages between a Sandbox and an agent, or something that answers in its place."""

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        """Starts reading. `received` gets each message's number and body; `ended` gets the reason, once, when no more will
        come."""

    def send(self, data: bytes) -> None:
        """Sends one encoded message. OSError if the other end is closed."""

    def close(self) -> None:
        """Ends the stream. Calling it again does nothing."""
