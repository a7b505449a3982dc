"""Another tool's comment on a frame in the capture file: a process, a namespace, a drop reason (retis, ptcpdump, ...)."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.evidence.case import Case


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `comment` for a frame that has one, on one line."""
    text = case.recording.frames.comments.get(frame)
    return (Evidence("comment", " ".join(text.split()), "capture file", "table"),) if text else ()
