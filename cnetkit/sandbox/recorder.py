"""A transport that records what passes through another transport. It changes no message."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

from cnetkit import protocol as p
from cnetkit.sandbox import session
from cnetkit.sandbox.transport import Transport


class Recorder:
    """Records what passes through `inner`, and writes it to `path` when it is closed."""

    def __init__(self, inner: Transport, path: Path) -> None:
        self._inner, self._path = inner, path
        self._entries = io.BytesIO()
        self._lock = threading.Lock()
        self._hello: p.Hello | None = None
        self._welcome: p.Welcome | None = None
        self._unrecorded: set[int] = set()

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        """Opens the inner transport."""

        def record_and_pass_on(number: int, body: bytes) -> None:
            self._record(False, number, body)
            received(number, body)

        self._inner.open(record_and_pass_on, ended)

    def send(self, data: bytes) -> None:
        """Records the message and sends it on."""
        for number, body in p.Splitter().feed(data):
            request = p.request(body)
            if isinstance(request, p.Hello):
                self._hello = request
            if isinstance(request, session.UNRECORDED):
                self._unrecorded.add(number)
            self._record(True, number, body)
        self._inner.send(data)

    def _record(self, from_client: bool, number: int, body: bytes) -> None:
        with self._lock:
            if number and number in self._unrecorded:
                return
            if self._welcome is None and not from_client and isinstance(answer := p.answer(body), p.Welcome):
                self._welcome = answer
            self._entries.write(session.entry(from_client, number, body))

    def close(self) -> None:
        """Closes the inner transport and writes the file, if there was anything to record."""
        self._inner.close()
        with self._lock:
            if self._welcome is None or self._hello is None:
                return
            session.write(self._path, self._hello, self._welcome, self._entries.getvalue())
            self._welcome = None
