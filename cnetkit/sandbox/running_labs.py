"""Finds this user's running labs from any terminal, and runs a shell in one. It builds nothing.

Each agent listens on an abstract Unix socket (unix(7)), which is listed in /proc/net/unix and has no file.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import termios
import threading
import tty
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnetkit import protocol as p
from cnetkit.model import CnetkitError
from cnetkit.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A running lab. `pid` is its agent's process id, `client` that of the program that made it."""

    name: str
    pid: int
    client: int
    user: int
    started_ns: int
    nodes: tuple[str, ...]


class _AgentSocket:
    """A transport to a running agent."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(5)
        self._socket.connect("\0" + path)
        self._socket.settimeout(None)

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        threading.Thread(target=self._read, args=(received, ended), name="cnetkit agent socket", daemon=True).start()

    def _read(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        splitter = p.Splitter()
        try:
            while data := self._socket.recv(1 << 18):
                for number, body in splitter.feed(data):
                    received(number, body)
        except OSError:
            pass
        ended("the lab has ended")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


def _agent_sockets() -> list[tuple[str, int, int, str]]:
    """(path, user, pid, lab) of each agent's socket."""
    sockets = []
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:
        for line in file:
            _, at, path = line.rstrip("\n").partition("@")
            parts = path.split("/")
            if at and len(parts) == 4 and parts[0] == "cnetkit" and parts[1].isdigit() and parts[2].isdigit():
                sockets.append((path, int(parts[1]), int(parts[2]), parts[3]))
    return sorted(set(sockets))


def running() -> list[RunningLab]:
    """The running labs of this user, oldest first."""
    labs = []
    for path, user, pid, _ in _agent_sockets():
        if user != os.geteuid():
            continue
        try:
            sandbox = Sandbox("", _AgentSocket(path))
        except (OSError, CnetkitError):
            continue  # it has just ended
        try:
            state = sandbox.request(p.Status(), p.State)
            labs.append(RunningLab(state.lab, pid, state.client, user, state.started_ns, tuple(state.nodes)))
        except CnetkitError:
            continue
        finally:
            sandbox.close()
    return sorted(labs, key=lambda lab: lab.started_ns)


def _find(lab: str) -> str:
    """The socket of a running lab, by its name or by `NAME@PID`. CnetkitError if there is none, or more than one."""
    mine = [candidate for candidate in running() if lab in (candidate.name, f"{candidate.name}@{candidate.pid}")]
    if not mine:
        names = ", ".join(sorted({running_lab.name for running_lab in running()}))
        raise CnetkitError(f"no lab {lab!r} of yours is running" + (f"; these are: {names}" if names else ""))
    if len(mine) > 1:
        choice = " or ".join(f"{candidate.name}@{candidate.pid}" for candidate in mine)
        raise CnetkitError(f"{len(mine)} labs of yours are called {lab!r}: say {choice}")
    return next(path for path, _, pid, _ in _agent_sockets() if pid == mine[0].pid)


def shell(lab: str, node: str, argv: Sequence[str] = ()) -> int:
    """Runs a program (by default an interactive bash) in a node of a running lab, on this terminal.

    Returns its exit status. CnetkitError if there is no such lab, node or program.
    """
    sandbox = Sandbox("", _AgentSocket(_find(lab)))
    command = list(argv) or ["bash", "--norc", "-i"]
    on_terminal = os.isatty(0) and os.isatty(1)
    columns, rows = os.get_terminal_size(1) if on_terminal else (0, 0)
    size = (rows or 24, columns or 80) if on_terminal else (0, 0)  # a terminal of unknown size reports 0
    environment = {"TERM": os.environ.get("TERM", "dumb")}
    statuses: list[int] = []
    ended = threading.Event()

    def received(message: p.Message) -> None:
        if isinstance(message, p.Output):
            _write(message.stream, message.data)
        elif isinstance(message, p.Exited):
            statuses.append(message.status)
            ended.set()

    try:
        started = sandbox.request(p.Start(node, command, *size, environment), p.Started)
        pump = threading.Thread(target=_pump, args=(sandbox, started.process), daemon=True)
        with _Terminal(sandbox, started.process) if on_terminal else _Plain(sandbox, started.process):
            sandbox.listen(
                "process", started.process, received
            )  # not earlier: input may follow as soon as a prompt appears
            pump.start()
            while not ended.wait(0.2):
                if sandbox.closed:
                    raise CnetkitError("the lab has ended")
        return statuses[0]
    finally:
        sandbox.close()


def _write(stream: int, data: bytes) -> None:
    while data:
        data = data[os.write(stream, data) :]


def _pump(sandbox: Sandbox, process: int) -> None:
    try:
        while data := os.read(0, 4096):
            sandbox.request(p.Input(process, data), p.Done)
        sandbox.request(p.Input(process, b""), p.Done)
    except (OSError, CnetkitError):
        return


class _Plain:
    """Standard input and output that are not a terminal: Ctrl-C is passed on to the program."""

    def __init__(self, sandbox: Sandbox, process: int) -> None:
        self._interrupt = lambda *_: sandbox.request(p.Signal(process, signal.SIGINT), p.Done)

    def __enter__(self) -> None:
        self._previous = signal.signal(signal.SIGINT, self._interrupt)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._previous)


class _Terminal:
    """Puts this terminal into raw mode, so that every key goes to the program, and restores it at the end."""

    def __init__(self, sandbox: Sandbox, process: int) -> None:
        self._sandbox, self._process = sandbox, process

    def _resized(self, *_: object) -> None:
        size = os.get_terminal_size(1)
        self._sandbox.request(p.Resize(self._process, size.lines, size.columns), p.Done)

    def __enter__(self) -> None:
        self._previous = termios.tcgetattr(0)
        tty.setraw(0, termios.TCSADRAIN)  # keeps input that has already been typed
        signal.signal(signal.SIGWINCH, self._resized)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        termios.tcsetattr(0, termios.TCSADRAIN, self._previous)
