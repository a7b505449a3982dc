"""The only error that users see, and what they see when they interrupt."""

from __future__ import annotations


class CnetkitError(Exception):
    """Something that a user did or has does not work. The message is one or two sentences: what is wrong, and what to
    do."""

    def _render_traceback_(self) -> list[str]:
        """How a notebook shows it (IPython calls this method): the sentence, without a traceback through the library."""
        return [f"{type(self).__name__}: {self}"]


class Interruption(KeyboardInterrupt):
    """Somebody interrupted a cell, or pressed Ctrl-C, while the library waited."""

    def _render_traceback_(self) -> list[str]:
        """As for CnetkitError."""
        return [f"Interrupted: {self}"]
