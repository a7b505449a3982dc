"""The file of a recorded session: which messages passed between a client and an agent. It records and answers nothing itself.

The file is one line of JSON and then, compressed, every message in the order in which it passed: a byte `>` (from the client) or
`<`, and the message as encoded on the stream. It contains data only; nothing in it is executed.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cnetkit import protocol as p
from cnetkit.model import CnetkitError

_FORMAT = "cnetkit-session"
_MOST_BYTES = 1 << 30
_HEAD = 8
UNRECORDED = (p.Status, p.Cancel, p.Programs)
"""Requests that change nothing, and are not part of a session."""


class _Title(msgspec.Struct, frozen=True):
    format: str
    version: int
    date: str
    kernel: str
    lab: str


@dataclass(frozen=True, slots=True)
class Session:
    """A recorded session: when and on which kernel it was made, and its messages, as (from the client?, number, body)."""

    date: str
    kernel: str
    lab: str
    messages: tuple[tuple[bool, int, bytes], ...]

    @property
    def label(self) -> str:
        """How every picture made from it is labelled."""
        return f"a recording made on {self.date} with Linux {self.kernel}"


def entry(from_client: bool, number: int, body: bytes) -> bytes:
    """One message as encoded in the file, before compression."""
    return (b">" if from_client else b"<") + len(body).to_bytes(4, "big") + number.to_bytes(4, "big") + body


def write(path: Path, hello: p.Hello, welcome: p.Welcome, entries: bytes) -> None:
    """Writes a session of today."""
    date = time.strftime("%Y-%m-%d", time.gmtime())
    title = _Title(_FORMAT, 1, date, welcome.kernel, hello.lab)
    try:
        path.write_bytes(msgspec.json.encode(title) + b"\n" + zlib.compress(entries, 9))
    except OSError as error:
        raise CnetkitError(f"the session cannot be written to {path} ({error.strerror}): choose another path") from None


def read(path: Path) -> Session:
    """Reads a session. CnetkitError if the file is missing, damaged, or something else."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        title = msgspec.json.decode(head, type=_Title)
        inflate = zlib.decompressobj()
        entries = inflate.decompress(body, _MOST_BYTES)
        if title.format != _FORMAT or title.version != 1 or inflate.unconsumed_tail or not inflate.eof:
            raise ValueError
    except OSError as error:
        raise CnetkitError(f"the recorded session {path} cannot be read: {error.strerror}") from None
    except (ValueError, zlib.error):
        raise CnetkitError(f"{path} is not a whole recorded session of cnetkit, version 1: record it again") from None
    messages = []
    start = 0
    while start < len(entries):
        length = int.from_bytes(entries[start + 1 : start + 5], "big")
        number = int.from_bytes(entries[start + 5 : start + 9], "big")
        start += 1 + _HEAD
        messages.append((entries[start - 9 : start - 8] == b">", number, entries[start : start + length]))
        start += length
    return Session(title.date, title.kernel, title.lab, tuple(messages))
