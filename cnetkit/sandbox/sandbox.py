"""The client's end of the protocol: sends requests, waits for replies, and dispatches notifications.

Several threads may use it at once. It does not know how a transport works.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from cnetkit import protocol as p
from cnetkit.model import CnetkitError, Interruption
from cnetkit.sandbox.transport import Transport

_Reply = TypeVar("_Reply", bound=p.Message)
_CANCELLED_WITHIN = 2.0


class Sandbox:
    """A sandbox named `lab`, on `transport`. When it is closed, or this process ends, nothing of it remains.

    CnetkitError with the cause and the fix if the system refuses it.
    """

    def __init__(self, lab: str, transport: Transport, host: bool = False) -> None:
        self._transport = transport
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[p.Message]] = {}
        self._sinks: dict[tuple[str, int], Callable[[p.Message], None]] = {}
        self._early: dict[tuple[str, int], list[p.Message]] = {}
        self._ended = ""
        transport.open(self._received, self._end)
        try:
            self.welcome = self.request(p.Hello(lab, host=host), p.Welcome)
        except BaseException:
            self.close()
            raise

    def request(self, request: p.Request, expected: type[_Reply]) -> _Reply:
        """Sends a request and waits for its reply. CnetkitError with the agent's reason if it fails, and at once if the agent has
        ended."""
        number = next(self._numbers)
        try:
            encoded = p.encode(number, request)
        except (TypeError, ValueError, OverflowError) as error:
            raise CnetkitError(f"an argument cannot be sent to the sandbox: {error}; check its type") from None
        future: Future[p.Message] = Future()
        with self._lock:
            if self._ended:
                raise CnetkitError(self._ended)
            self._waiting[number] = future
        try:
            with contextlib.suppress(OSError):  # the reader notices too, and knows the reason
                self._transport.send(encoded)
            reply = future.result()
        except KeyboardInterrupt:
            if isinstance(request, p.Run):
                self._cancel(number, future)
                raise Interruption(f"the command in {request.node} was stopped; the lab goes on") from None
            raise Interruption("the lab goes on; run the cell again") from None
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if isinstance(reply, expected):
            return reply
        raise _error(reply)

    def _cancel(self, number: int, future: Future[p.Message]) -> None:
        """Kills the program that a Run request waits for, and waits for that reply."""
        with contextlib.suppress(OSError, CnetkitError, TimeoutError):
            self._transport.send(p.encode(next(self._numbers), p.Cancel(number)))
            future.result(_CANCELLED_WITHIN)

    def listen(self, kind: str, key: int, sink: Callable[[p.Message], None]) -> None:
        """Passes notifications of the `capture` or `process` with this number, or of `nodes` (0), to `sink`, including those that
        arrived before."""
        with self._lock:
            self._sinks[kind, key] = sink
            for message in self._early.pop((kind, key), []):
                sink(message)

    def stop_listening(self, kind: str, key: int) -> None:
        """Ends what `listen` began."""
        with self._lock:
            self._sinks.pop((kind, key), None)

    def close(self) -> None:
        """Ends the sandbox; the kernel removes what was built in it."""
        self._end("the lab is closed: make a new Lab to go on")
        self._transport.close()

    @property
    def closed(self) -> bool:
        """Whether it has ended, by `close` or because its agent has ended."""
        return bool(self._ended)

    def _received(self, number: int, body: bytes) -> None:
        message = p.answer(body)
        if number:
            with self._lock:
                future = self._waiting.get(number)
            if future is not None:
                future.set_result(message)
            return
        match message:
            case p.FrameBlock(capture=key) | p.Events(capture=key):
                address = "capture", key
            case p.Output(process=key) | p.Exited(process=key):
                address = "process", key
            case p.Adopted() | p.Gone():
                address = "nodes", 0
            case _:
                return
        with self._lock:
            if sink := self._sinks.get(address):
                sink(message)
            elif address[0] != "capture":
                self._early.setdefault(address, []).append(message)

    def _end(self, reason: str) -> None:
        with self._lock:
            self._ended = self._ended or reason
            waiting = list(self._waiting.values())
        for future in waiting:
            if not future.done():
                future.set_exception(CnetkitError(self._ended))


def _error(reply: p.Message) -> CnetkitError:
    match reply:
        case p.Failure(reason=reason, crash=False):
            return CnetkitError(reason)
        case p.Failure(reason=reason):
            return CnetkitError(f"the sandbox's agent failed, which is a bug in cnetkit: {reason}")
        case p.Refused(step=step, errno=number):
            from cnetkit.refusal import why_no_sandbox

            return CnetkitError(why_no_sandbox(number, apparmor=step == "rights"))
    return CnetkitError(f"the sandbox sent an unexpected reply: {type(reply).__name__}")
