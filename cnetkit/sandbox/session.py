"""A session written down, and answered again without a kernel: replay is just another transport.

The file is one line of JSON and then, compressed, every message in the order in which it passed: a byte `>` or `<`, and the
message as it stands on the stream. It holds data only; nothing in it is ever executed.
"""

from __future__ import annotations

import io
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cnetkit import operations as op, protocol as p
from cnetkit.model import CnetkitError
from cnetkit.sandbox.sandbox import Transport

_FORMAT = "cnetkit-session"
_MOST = 1 << 30
_HEAD = 8
_STEER = (p.Status, p.Cancel)  # these change nothing and are not part of what a session says


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
        """What every picture made from it says."""
        return f"a recording made on {self.date} with Linux {self.kernel}"


class Recorder:
    """A transport that writes down what passes through another one, and puts it into `path` when it is closed."""

    def __init__(self, inner: Transport, path: Path) -> None:
        self._inner, self._path = inner, path
        self._log = io.BytesIO()
        self._lock = threading.Lock()
        self._hello: p.Hello | None = None
        self._welcome: p.Welcome | None = None
        self._hidden: set[int] = set()

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        """Opens the inner transport."""

        def heard(number: int, body: bytes) -> None:
            self._write(b"<", number, body)
            received(number, body)

        self._inner.open(heard, ended)

    def send(self, data: bytes) -> None:
        """Writes the message down and sends it on."""
        for number, body in p.Splitter().feed(data):
            request = p.request(body)
            if isinstance(request, p.Hello):
                self._hello = request
            if isinstance(request, _STEER):
                self._hidden.add(number)
            self._write(b">", number, body)
        self._inner.send(data)

    def _write(self, side: bytes, number: int, body: bytes) -> None:
        with self._lock:
            if number and number in self._hidden:
                return
            if self._welcome is None and side == b"<" and isinstance(answer := p.answer(body), p.Welcome):
                self._welcome = answer
            self._log.write(side + len(body).to_bytes(4, "big") + number.to_bytes(4, "big") + body)

    def close(self) -> None:
        """Closes the inner transport and writes the file, if there was anything to write."""
        self._inner.close()
        with self._lock:
            if self._welcome is None or self._hello is None:
                return
            date = time.strftime("%Y-%m-%d", time.gmtime())
            title = _Title(_FORMAT, 1, date, self._welcome.kernel, self._hello.lab)
            content = msgspec.json.encode(title) + b"\n" + zlib.compress(self._log.getvalue(), 9)
            self._path.write_bytes(content)
            self._welcome = None


def read(path: Path) -> Session:
    """Reads a session. CnetkitError where the file is missing, damaged, or something else."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        title = msgspec.json.decode(head, type=_Title)
        inflate = zlib.decompressobj()
        log = inflate.decompress(body, _MOST)
        if title.format != _FORMAT or title.version != 1 or inflate.unconsumed_tail or not inflate.eof:
            raise ValueError
    except OSError as error:
        raise CnetkitError(f"the recorded session {path} cannot be read: {error.strerror}") from None
    except (ValueError, zlib.error):
        raise CnetkitError(f"{path} is not a whole recorded session of cnetkit, version 1: record it again") from None
    messages = []
    start = 0
    while start < len(log):
        length = int.from_bytes(log[start + 1 : start + 5], "big")
        number = int.from_bytes(log[start + 5 : start + 9], "big")
        start += 1 + _HEAD
        messages.append((log[start - 9 : start - 8] == b">", number, log[start : start + length]))
        start += length
    return Session(title.date, title.kernel, title.lab, tuple(messages))


class Replay:
    """A transport that answers from a recorded session. A request that was not recorded there and then gets a Failure
    that says so; nothing is ever made up."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._next = 0
        self._used: set[int] = set()
        self._lock = threading.Lock()

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        """Begins."""
        self._received = received

    def close(self) -> None:
        """Nothing is left open."""

    def send(self, data: bytes) -> None:
        """Answers a request with what was answered when it was recorded, and with what came unasked until the next one."""
        for number, body in p.Splitter().feed(data):
            request = p.request(body)
            if isinstance(request, p.Cancel):
                continue
            with self._lock:
                found = self._find(body)
                answers = self._answers(found) if found is not None else []
            if found is None:
                self._received(number, msgspec.msgpack.encode(p.Failure(self._unknown(request))))
            for asked, answer in answers:
                self._received(number if asked else 0, answer)

    def _find(self, body: bytes) -> int | None:
        """The place of the next recorded request, if that is this one. Requests of several threads may have changed
        places, so the few that were under way at the same time count as next; and a command that was recorded may be left
        out, or another one be asked for in its place."""
        messages = self._session.messages
        for place in range(self._next, len(messages)):
            ours, number, recorded = messages[place]
            if ours and place not in self._used:
                if recorded == body:
                    self._used.add(place)
                    return place
                command = isinstance(p.request(recorded), p.Run)
                if not command and self._answered(number) < self._following(place):
                    return None
        return None

    def _answered(self, number: int) -> int:
        messages = self._session.messages
        return next((i for i, (ours, n, _) in enumerate(messages) if not ours and n == number), len(messages))

    def _following(self, place: int) -> int:
        messages = self._session.messages
        return next((i for i in range(place + 1, len(messages)) if messages[i][0]), len(messages))

    def _answers(self, place: int) -> list[tuple[bool, bytes]]:
        messages = self._session.messages
        number = messages[place][1]
        end = self._answered(number)
        while end + 1 < len(messages) and not messages[end + 1][0] and messages[end + 1][1] == 0:
            end += 1  # what came before anything else was asked: somebody may be waiting for it
        found = []
        for index in range(self._next, min(end + 1, len(messages))):
            ours, theirs, body = messages[index]
            if not ours and index not in self._used and theirs in (0, number):
                self._used.add(index)
                found.append((theirs == number, body))
        while self._next < len(messages) and self._next in self._used:
            self._next += 1
        return found

    def _unknown(self, request: p.Request) -> str:
        expected = next((body for i, (ours, _, body) in enumerate(self._session.messages)
                         if ours and i >= self._next and i not in self._used), None)  # fmt: skip
        after = f"its next answer is to: {describe(p.request(expected))}" if expected else "it has ended"
        return (
            f"this is {self._session.label}, which has no answer to: {describe(request)} ({after}); "
            f"run the lab live to ask it something new"
        )


def describe(request: p.Request) -> str:
    """A request in a few words, for an error."""
    match request:
        case p.Run(node=node, argv=argv):
            return f"run {argv[-1]!r} in {node}"
        case p.Start(node=node, argv=argv):
            return f"start {argv[-1]!r} in {node}"
        case p.Build(operations=operations):
            return "build " + ", ".join(f"{type(one).__name__} {_name(one)}" for one in operations[:4])
    return type(request).__name__


def _name(operation: op.Operation) -> str:
    node = getattr(operation, "node", "")
    name = getattr(operation, "name", getattr(operation, "interface", ""))
    return "/".join(part for part in (node, name) if part)
