"""The stream to one client, and the event loop that serves all streams. It knows no message's meaning."""

from __future__ import annotations

import contextlib
import heapq
import os
import selectors
import time
from collections import deque
from collections.abc import Callable
from itertools import count

from cnetkit import protocol
from cnetkit.protocol import Message, Splitter

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Loop:
    """An event loop: calls back when a file descriptor is ready or a timer expires. One thread, no locks."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._running = True

    def watch(self, fd: int, ready: Callable[[], object], events: int = _READ) -> None:
        """Calls `ready` whenever `fd` is ready. Replaces an earlier watch of the same descriptor."""
        try:
            self._selector.modify(fd, events, ready)
        except KeyError:
            self._selector.register(fd, events, ready)

    def forget(self, fd: int) -> None:
        """Ends a watch. Does nothing if the descriptor is not watched."""
        try:
            self._selector.unregister(fd)
        except KeyError:
            return

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Calls `call` once, after at least `seconds`."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), call))

    def stop(self) -> None:
        """Makes `run` return after the current round."""
        self._running = False

    def run(self) -> None:
        """Runs until `stop` is called."""
        while self._running:
            wait = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
            for key, _ in self._selector.select(wait):
                # An earlier call in this round may have closed this descriptor, or opened a new one with its number.
                current = self._selector.get_map().get(key.fd)
                if current is not None and current.data is key.data:
                    key.data()
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()


class Channel:
    """A client's stream. `reading` and `writing` are descriptors, often the same. `received` is called with each message's
    number and body; `closed` once, when the client has disconnected or violates the protocol."""

    def __init__(
        self,
        loop: Loop,
        reading: int,
        writing: int,
        received: Callable[[Channel, int, bytes], None],
        closed: Callable[[Channel], None],
    ) -> None:
        self._loop, self._reading, self._writing = loop, reading, writing
        self._received, self._closed = received, closed
        self._splitter = Splitter()
        self._waiting: deque[memoryview] = deque()
        self.backlog = 0
        """How many bytes wait until the client reads."""
        self.open = True
        for fd in (reading, writing):
            os.set_blocking(fd, False)
        loop.watch(reading, self._ready)

    def send(self, number: int, message: Message) -> None:
        """Sends a message, now or as soon as the client can take it."""
        if self.open:
            self._enqueue(memoryview(protocol.encode(number, message)))
            self._write()

    def send_block(self, message: protocol.FrameBlock, block: bytes | memoryview) -> None:
        """Sends `message`, whose data field is empty, with `block` as its data. What the client takes at once is sent without
        a copy."""
        if not self.open:
            return
        head = protocol.encode_before(message, len(block))
        sent = 0
        if not self._waiting:
            with contextlib.suppress(
                OSError
            ):  # it would block, or the client has disconnected: the next write finds out
                sent = os.writev(self._writing, (head, block))
        if sent < len(head) + len(block):
            self._enqueue(memoryview((head + bytes(block))[sent:]))
            self._write()

    def _enqueue(self, data: memoryview) -> None:
        self._waiting.append(data)
        self.backlog += len(data)

    def _ready(self) -> None:
        if self.backlog:
            self._write()
        try:
            data = os.read(self._reading, 1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        try:
            for number, body in self._splitter.feed(data):
                self._received(self, number, body)
        except ValueError:
            self.close()

    def _write(self) -> None:
        try:
            while self._waiting:
                sent = os.write(self._writing, self._waiting[0][: 1 << 20])
                self.backlog -= sent
                if sent == len(self._waiting[0]):
                    self._waiting.popleft()
                else:
                    self._waiting[0] = self._waiting[0][sent:]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if self._reading == self._writing:
            self._loop.watch(self._reading, self._ready, _READ | _WRITE if self.backlog else _READ)
        elif self.backlog:
            self._loop.watch(self._writing, self._write, _WRITE)
        else:
            self._loop.forget(self._writing)

    def close(self) -> None:
        """Closes the stream. What the client has not read is lost."""
        if self.open:
            self.open = False
            for fd in {self._reading, self._writing}:
                self._loop.forget(fd)
                os.close(fd)
            self._closed(self)
