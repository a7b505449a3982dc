"""The one error that users see."""

from __future__ import annotations


class CnetkitError(Exception):
    """What a user did or has does not work; the message is one sentence saying what is wrong and what to do."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it (IPython asks for this name): the sentence, and no traceback through the library."""
        return [f"{type(self).__name__}: {self}"]
