"""A transport that answers from a recorded session, without a kernel. It never makes an answer up."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from cnetkit import operations as op, protocol as p
from cnetkit.sandbox.session import Session


class Replay:
    """Answers each request as it was answered when it was recorded. A request that was not recorded at this point gets a
    Failure that says so."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._next = 0
        self._used: set[int] = set()
        self._lock = threading.Lock()

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        """Keeps `received`; a replay never ends by itself."""
        self._received = received

    def close(self) -> None:
        """Does nothing: nothing is open."""

    def send(self, data: bytes) -> None:
        """Answers a request with the recorded reply, and with the unasked messages up to the next request."""
        for number, body in p.Splitter().feed(data):
            request = p.request(body)
            if isinstance(request, p.Cancel):
                continue
            with self._lock:
                place = self._find(body)
                answers = self._answers(place) if place is not None else []
            if place is None:
                self._received(number, msgspec.msgpack.encode(p.Failure(self._not_recorded(request))))
            for is_reply, answer in answers:
                self._received(number if is_reply else 0, answer)

    def _find(self, body: bytes) -> int | None:
        """The place of this request among the next recorded ones.

        Requests of several threads may have changed places, so all that were under way at the same time count as next.
        Recorded commands (Run) may be skipped.
        """
        messages = self._session.messages
        for place in range(self._next, len(messages)):
            from_client, number, recorded = messages[place]
            if from_client and place not in self._used:
                if recorded == body:
                    self._used.add(place)
                    return place
                is_command = isinstance(p.request(recorded), p.Run)
                if not is_command and self._reply_place(number) < self._next_request(place):
                    return None
        return None

    def _reply_place(self, number: int) -> int:
        messages = self._session.messages
        replies = (at for at, (from_client, n, _) in enumerate(messages) if not from_client and n == number)
        return next(replies, len(messages))

    def _next_request(self, place: int) -> int:
        messages = self._session.messages
        return next((at for at in range(place + 1, len(messages)) if messages[at][0]), len(messages))

    def _answers(self, place: int) -> list[tuple[bool, bytes]]:
        """What the agent sent from there on until the reply, as (is it the reply?, body); also what it sent after the reply and
        before any other request, because a client may be waiting for it."""
        messages = self._session.messages
        number = messages[place][1]
        end = self._reply_place(number)
        while end + 1 < len(messages) and not messages[end + 1][0] and messages[end + 1][1] == 0:
            end += 1
        answers = []
        for at in range(self._next, min(end + 1, len(messages))):
            from_client, reply_to, body = messages[at]
            if not from_client and at not in self._used and reply_to in (0, number):
                self._used.add(at)
                answers.append((reply_to == number, body))
        while self._next < len(messages) and self._next in self._used:
            self._next += 1
        return answers

    def _not_recorded(self, request: p.Request) -> str:
        messages = enumerate(self._session.messages)
        waiting = (body for at, (ours, _, body) in messages if ours and at >= self._next and at not in self._used)
        expected = next(waiting, None)
        after = f"its next answer is to: {describe(p.request(expected))}" if expected else "it has ended"
        return (
            f"this is {self._session.label}, which has no answer to: {describe(request)} ({after}); "
            f"run the lab live to ask it something new"
        )


def describe(request: p.Request) -> str:
    """A request in a few words, for an error message."""
    match request:
        case p.Run(node=node, argv=argv):
            return f"run {argv[-1]!r} in {node}"
        case p.Start(node=node, argv=argv):
            return f"start {argv[-1]!r} in {node}"
        case p.Build(operations=operations):
            return "build " + ", ".join(
                f"{type(operation).__name__} {_name(operation)}" for operation in operations[:4]
            )
    return type(request).__name__


def _name(operation: op.Operation) -> str:
    node = getattr(operation, "node", "")
    name = getattr(operation, "name", getattr(operation, "interface", ""))
    return "/".join(part for part in (node, name) if part)
