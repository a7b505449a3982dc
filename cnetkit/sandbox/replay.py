"""A transport that answers from a recorded session, without a kernel. It never makes an answer up.

Requests are answered in their recorded order. What only looks or sends (a command, a capture) may be skipped, and may be asked
again: it then gets its recorded answer again, and nothing else is used up. A capture is the one in which the commands in it were
recorded.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import msgspec

from cnetkit import operations as op, protocol as p
from cnetkit.sandbox.session import Session

_MAKES = (p.Hello, p.Build, p.Serve, p.Start, p.Signal, p.Input, p.Resize, p.Follow)
"""Requests that change what later ones find: they are never skipped, and answered once."""
_SIMILAR = 0.6


@dataclass(frozen=True)
class _Asked:
    """A recorded request: its place among the requests, its place and that of its reply among the messages."""

    at: int
    place: int
    reply: int
    request: p.Request
    body: bytes

    @cached_property
    def key(self) -> bytes:
        return _key(self.request, self.body)


@dataclass
class _Open:
    """A capture that the client has open, by its own number for it."""

    capture: int
    asked: _Asked
    """The recorded capture that it is taken for."""
    sent: int
    """Its messages before this one were sent."""
    chosen: bool = False
    """Whether a command in it has shown that."""
    again: bool = False
    """Whether that one was answered before."""
    latest: int = -1
    """The last request in it that was answered."""

    @property
    def number(self) -> int:
        """The recorded number of the capture that it is taken for."""
        return self.asked.request.capture if isinstance(self.asked.request, p.Capture) else 0


class Replay:
    """Answers each request as it was answered when it was recorded. A request that was not recorded at this point gets a
    Failure that says so."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked = list(_requests(session.messages))
        self._used: set[int] = set()
        self._next = 0
        """The first request after the last one that was answered in order."""
        self._sent = 0
        """The messages before this one were sent, as far as they were not replies."""
        self._open: dict[int, _Open] = {}
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
                answers = list(self._answers(request, body))
            for is_reply, answer in answers or [(True, self._not_recorded(request))]:
                self._received(number if is_reply else 0, answer)

    # --- What a request is answered with: (is it the reply?, body) ------------------------------------------------------

    def _answers(self, request: p.Request, body: bytes) -> Iterator[tuple[bool, bytes]]:
        match request:
            case p.Capture(capture=capture):
                found = self._found(_key(request, body), makes=False)
                if found is not None:
                    self._open[capture] = _Open(capture, found, found.place)
                    yield from (
                        self._with_unasked(found) if found.at == self._next else [(True, self._message(found.reply))]
                    )
            case p.EndCapture(capture=capture) if capture in self._open:
                yield from self._ended(self._open.pop(capture))
            case _:
                found = self._found(_key(request, body), makes=isinstance(request, _MAKES))
                if found is not None and found.at < self._next:
                    self._used.add(found.at)
                    yield True, self._message(found.reply)
                elif found is not None:
                    self._use(found)
                    yield from self._with_unasked(found)

    def _with_unasked(self, found: _Asked) -> Iterator[tuple[bool, bytes]]:
        """The reply, and what was sent unasked until the next request."""
        following = self._asked[found.at + 1].place if found.at + 1 < len(self._asked) else len(self._session.messages)
        end = found.reply + 1
        while end < following and self._session.messages[end][1] == 0:
            end += 1
        captures = {one.number: one for one in self._open.values() if one.chosen and not one.again}
        replied = False
        for at in range(min([self._sent, found.reply, *(one.sent for one in captures.values())]), end):
            if at == found.reply:
                replied = True
                yield True, self._message(at)
            elif answer := self._unasked(at, captures):
                yield False, answer
        if not replied:
            yield True, self._message(found.reply)
        self._sent = max(self._sent, end)
        for one in captures.values():
            one.sent = max(one.sent, end)

    def _unasked(self, at: int, captures: dict[int, _Open]) -> bytes:
        """The message at this place if it was sent unasked and not yet now, as the client knows it; else nothing."""
        from_client, number, body = self._session.messages[at]
        if from_client or number:
            return b""
        message = p.answer(body)
        if not isinstance(message, (p.FrameBlock, p.Events)):
            return body if at >= self._sent else b""
        one = captures.get(message.capture)
        if one is None or at < one.sent:
            return b""
        return body if one.capture == message.capture else _for_capture(message, one.capture)

    def _ended(self, one: _Open) -> Iterator[tuple[bool, bytes]]:
        """What a capture has seen and was not sent yet, and the reply to its end."""
        end = self._end(one.asked)
        if end is None:
            return
        if not one.chosen and one.asked.at >= self._next:
            self._use(one.asked)
        for at in range(one.sent, end.reply):
            if answer := self._unasked(at, {one.number: one}):
                yield False, answer
        if not one.again and one.asked.at in self._used:
            self._use(end)
            self._sent = max(self._sent, end.reply + 1)
        reply, before = p.answer(self._message(end.reply)), p.answer(self._message(one.asked.reply))
        if isinstance(reply, p.Captured) and isinstance(before, p.Captured):
            reply = p.Captured(reply.topology, reply.losses, reply.partly_ns, before.topology)
        yield True, msgspec.msgpack.encode(reply)

    # --- Which recorded request it is -----------------------------------------------------------------------------------

    def _found(self, key: bytes, makes: bool) -> _Asked | None:
        """The recorded request: the next, else the latest before it, else one after it if what comes between may be skipped."""
        undecided = next((one for one in reversed(self._open.values()) if not one.chosen), None)
        if undecided is not None:
            return self._in_capture(undecided, key)
        repeated = next((one for one in reversed(self._open.values()) if one.again), None)
        if repeated is not None and (found := self._inside(repeated.asked, key, repeated.latest)):
            repeated.latest = found.at
            return found
        if self._next < len(self._asked) and self._asked[self._next].key == key:
            return self._asked[self._next]
        for one in reversed(self._asked[: self._next]):
            if one.key == key and (not makes or one.at not in self._used):
                return one
        return next((one for one in self._reachable() if one.key == key), None)

    def _in_capture(self, one: _Open, key: bytes) -> _Asked | None:
        """The request in a recorded capture of the same kind, which the open one is then taken for."""
        reachable = list(self._reachable())
        ahead = [asked for asked in reachable if asked.key == one.asked.key]
        first = ahead[:1] if ahead and ahead[0].at == self._next else []
        before = [asked for asked in reversed(self._asked[: self._next]) if asked.key == one.asked.key]
        for capture in [*first, *before, *ahead[len(first) :]]:
            found = self._inside(capture, key, capture.at)
            if found is None:
                continue
            one.asked, one.sent, one.chosen, one.again = capture, capture.place, True, capture.at < self._next
            one.latest = found.at
            if not one.again:
                self._use(capture)
            return found
        return None

    def _inside(self, capture: _Asked, key: bytes, after: int) -> _Asked | None:
        """The request in a recorded capture: the first one after `after`, else the first."""
        end = self._end(capture)
        inside = [one for one in self._asked[capture.at + 1 : end.at if end else capture.at + 1] if one.key == key]
        return next((one for one in inside if one.at > after), inside[0] if inside else None)

    def _reachable(self) -> Iterator[_Asked]:
        """The requests from the next one on, up to the first that may not be skipped, and those under way at the same time."""
        for one in self._asked[self._next :]:
            yield one
            following = self._asked[one.at + 1].place if one.at + 1 < len(self._asked) else len(self._session.messages)
            if isinstance(one.request, _MAKES) and one.at not in self._used and one.reply < following:
                return

    def _end(self, capture: _Asked) -> _Asked | None:
        match capture.request:
            case p.Capture(capture=number):
                return next((one for one in self._asked[capture.at + 1 :] if one.request == p.EndCapture(number)), None)
        return None

    def _use(self, found: _Asked) -> None:
        self._used.add(found.at)
        self._next = max(self._next, found.at + 1)

    def _message(self, place: int) -> bytes:
        return self._session.messages[place][2]

    # --- What is said if there is none ----------------------------------------------------------------------------------

    def _not_recorded(self, request: p.Request) -> bytes:
        asked, recorded = describe(request), [describe(one.request) for one in self._asked]
        label = f"this is {self._session.label}, which has no answer to: {asked}"
        similar = difflib.get_close_matches(asked, dict.fromkeys(recorded), 1, _SIMILAR)
        if asked in recorded[self._next :]:
            step = next(self._barriers(), None)
            why = f"{describe(step.request)} comes first: run the cells above this one, in their order" if step else ""
        elif isinstance(request, p.Build) and asked in recorded:
            why = "the network is built once: to begin anew, restart the kernel and run the cells from the first one"
        elif similar:
            why = f"recorded was: {similar[0]}; restore the cell, or run the lab live"
        else:
            following = next(
                (one for one in self._asked[self._next :] if not isinstance(one.request, p.EndCapture)), None
            )
            after = f"its next answer is to: {describe(following.request)}" if following else "it has ended"
            why = f"{after}; run the lab live to ask it something new"
        return msgspec.msgpack.encode(p.Failure(f"{label} ({why})"))

    def _barriers(self) -> Iterator[_Asked]:
        return (one for one in self._asked[self._next :] if isinstance(one.request, _MAKES))


def _requests(messages: tuple[tuple[bool, int, bytes], ...]) -> Iterator[_Asked]:
    replies: dict[int, list[int]] = {}
    for place, (from_client, number, _) in enumerate(messages):
        if not from_client and number:
            replies.setdefault(number, []).append(place)
    at = 0
    for place, (from_client, number, body) in enumerate(messages):
        if from_client:
            reply = next((one for one in replies.get(number, ()) if one > place), len(messages) - 1)
            yield _Asked(at, place, reply, p.request(body), body)
            at += 1


def _key(request: p.Request, body: bytes) -> bytes:
    """The request without the client's own number for a capture, and without its patience."""
    match request:
        case p.Run() | p.WaitPort():
            return msgspec.msgpack.encode(msgspec.structs.replace(request, timeout=0.0))
        case p.Capture():
            return msgspec.msgpack.encode(
                p.Capture(0, request.nodes, request.verdicts, request.megabytes, request.filter)
            )
    return body


def _for_capture(message: p.FrameBlock | p.Events, capture: int) -> bytes:
    if isinstance(message, p.FrameBlock):
        return msgspec.msgpack.encode(p.FrameBlock(capture, message.node, message.data))
    return msgspec.msgpack.encode(p.Events(capture, message.events))


def describe(request: p.Request) -> str:
    """A request in a few words, for an error message."""
    match request:
        case p.Run(node=node, argv=argv):
            return f"run {argv[-1].strip()!r} in {node}"
        case p.Start(node=node, argv=argv):
            return f"start {argv[-1].strip()!r} in {node}"
        case p.Build(operations=operations):
            return "build " + ", ".join(
                f"{type(operation).__name__} {_name(operation)}" for operation in operations[:4]
            )
        case p.Serve(node=node, kind=kind, port=port):
            return f"start a server, {kind}, at port {port} of {node}"
        case p.Capture():
            return "capture"
        case p.Hello(lab=lab):
            return f"open the lab {lab}"
    return type(request).__name__


def _name(operation: op.Operation) -> str:
    node = getattr(operation, "node", "")
    name = getattr(operation, "name", getattr(operation, "interface", ""))
    return "/".join(part for part in (node, name) if part)
