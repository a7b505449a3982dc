"""Programs in nodes: what `run`, `start` and the servers return. It starts nothing itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnetkit import protocol as p
from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a finished program printed. `status` is 0 for success, above 128 for a signal."""

    node: str
    command: str
    status: int
    output: str
    errors: str
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended with status 0."""
        return self.status == 0

    def check(self) -> RunResult:
        """This result. If the program failed, CnetkitError with everything that it wrote to standard error."""
        if self.timed_out:
            raise CnetkitError(f"{self.command!r} in {self.node} did not end in time and was killed")
        if not self.ok:
            printed = self.errors.strip() or self.output.strip() or "it printed nothing"
            between = "\n" if "\n" in printed else " "
            raise CnetkitError(f"{self.command!r} in {self.node} ended with status {self.status}:{between}{printed}")
        return self

    def __str__(self) -> str:
        return self.output

    def __repr__(self) -> str:
        text = self.output + self.errors
        if self.timed_out:
            return f"{text}[killed: the time limit was reached]"
        return text if self.ok else f"{text}[status {self.status}]"


class Program:
    """A program, or a server, that is running. Its output is collected here until it ends."""

    def __init__(self, sandbox: Sandbox, node: str, command: str, started: p.Started) -> None:
        self._sandbox, self._key = sandbox, started.process
        self.node, self.command = node, command
        self._collected: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self._over = threading.Event()
        self.status: int | None = None
        """Its exit status; None while it runs."""
        sandbox.listen("process", self._key, self._received)

    def _received(self, message: p.Message) -> None:
        match message:
            case p.Output(stream=stream, data=data):
                self._collected[stream] += data
            case p.Exited(status=status):
                self.status = status
                self._over.set()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self.status is None and not self._sandbox.closed

    @property
    def output(self) -> str:
        """Its standard output so far."""
        return self._collected[1].decode(errors="replace")

    @property
    def errors(self) -> str:
        """Its standard error so far."""
        return self._collected[2].decode(errors="replace")

    def write(self, text: str) -> None:
        """Writes text to its standard input."""
        self._sandbox.request(p.Input(self._key, text.encode()), p.Done)

    def stop(self, number: int = signal.SIGTERM, patience: float = 2.0) -> None:
        """Ends it with a signal, and after `patience` seconds with SIGKILL. Does nothing if it has ended."""
        for wanted in (number, signal.SIGKILL):
            if self.status is not None or self._sandbox.closed:
                return
            with contextlib.suppress(CnetkitError):  # it ended just now, and the message about it is on its way
                self._sandbox.request(p.Signal(self._key, wanted), p.Done)
            self._over.wait(patience)

    def wait(self, timeout: float = 30.0) -> RunResult:
        """Waits for its end. CnetkitError if it still runs after `timeout` seconds."""
        if not self._over.wait(timeout):
            raise CnetkitError(f"{self.command!r} in {self.node} still runs after {timeout:g} s: stop() ends it")
        return RunResult(self.node, self.command, self.status or 0, self.output, self.errors)

    def __repr__(self) -> str:
        state = "running" if self.running else f"ended with status {self.status}"
        return f"<{self.command} in {self.node}, {state}>"


def command_line(command: str | list[str]) -> list[str]:
    """A command as arguments: a string goes to sh(1), a list is used as it is."""
    if isinstance(command, str):
        return ["sh", "-c", command]
    if not isinstance(command, list | tuple) or not command:
        raise CnetkitError(f"{command!r} is not a command: write 'ip address show' or ['ip', 'address', 'show']")
    return [str(part) for part in command]


def check_port(port: int) -> None:
    """CnetkitError unless it is the number of a TCP or UDP port."""
    if type(port) is not int or not 0 < port < 65536:
        raise CnetkitError(f"{port!r} is not a port: choose one from 1 to 65535")
