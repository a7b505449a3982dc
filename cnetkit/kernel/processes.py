"""Starts processes in a node's place: programs, with pipes or a terminal, and the agent's own small servers.

It knows no requests, and does not wait for a process to end; running.py does.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import struct
import termios
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import setproctitle

from cnetkit.kernel import single_user, user_ids
from cnetkit.kernel.namespaces import close_on_exec
from cnetkit.kernel.places import enter_place, fork
from cnetkit.kernel.programs import PATH
from cnetkit.model import CnetkitError

FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
"""The limits of open files that programs get. The agent raises its own to the hard limit: each node takes it several files."""
_HEAD = struct.Struct("=i")
_RESTORED = (
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD,
)  # fmt: skip
"""Signals that Python or the agent ignores or handles; programs get their defaults back."""


@dataclass(slots=True)
class Process:
    """A child of the agent. `input` is a file descriptor or -1. `outputs` maps each output's descriptor to its stream, 1 or 2.
    With a terminal one descriptor is all three."""

    pid: int
    input: int
    outputs: dict[int, int]
    terminal: bool = False

    def signal(self, number: int) -> None:
        """Sends a signal to the process and its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def resize(self, rows: int, columns: int) -> None:
        """Sets the size of the terminal."""
        if self.terminal:
            fcntl.ioctl(self.input, termios.TIOCSWINSZ, struct.pack("=HHHH", rows, columns, 0, 0))


def environment(node: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of programs in a node."""
    inherited = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TZ")}
    return {"PATH": PATH, "HOME": "/tmp", "TERM": "dumb", "PS1": f"{node}:\\w# ", **inherited, **extra}  # noqa: S108


def start(
    place: int, node: str, argv: Sequence[str], extra: Mapping[str, str], size: tuple[int, int] | None
) -> Process:
    """Starts a program. `size`: rows and columns of its terminal; None: it has pipes. CnetkitError if the program is missing."""

    def program() -> NoReturn:
        if not user_ids.many():
            single_user.keep_user()
        resource.setrlimit(resource.RLIMIT_NOFILE, FILES)
        close_on_exec(3)  # libnftables does not set it on its own descriptors
        os.execvpe(argv[0], list(argv), environment(node, extra))  # noqa: S606

    if size:
        return _with_terminal(place, program, argv[0], size)
    return _with_pipes(place, program, argv[0])


def serve(place: int, title: str, body: Callable[[], None], keep: int) -> Process:
    """Runs `body` as a process of its own in a place, named `title`. Of the agent's descriptors it keeps only `keep`."""

    def server() -> NoReturn:
        os.closerange(3, keep)
        os.closerange(keep + 1, 1 << 20)
        setproctitle.setproctitle(title)
        setproctitle.setthreadtitle(title.partition(" ")[0])
        body()
        os._exit(0)

    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    try:
        return Process(_spawn(place, server, (null, null, null), title, wait=False), -1, {})
    finally:
        os.close(null)


def _with_pipes(place: int, program: Callable[[], NoReturn], name: str) -> Process:
    input_, output, errors = os.pipe(), os.pipe(), os.pipe()
    try:
        pid = _spawn(place, program, (input_[0], output[1], errors[1]), name)
    except BaseException:
        for fd in (input_[1], output[0], errors[0]):
            os.close(fd)
        raise
    finally:
        for fd in (input_[0], output[1], errors[1]):
            os.close(fd)
    for fd in (input_[1], output[0], errors[0]):
        os.set_blocking(fd, False)
    return Process(pid, input_[1], {output[0]: 1, errors[0]: 2})


def _with_terminal(place: int, program: Callable[[], NoReturn], name: str, size: tuple[int, int]) -> Process:
    ours, theirs = os.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("=HHHH", *size, 0, 0))

    def with_terminal() -> NoReturn:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        program()

    try:
        pid = _spawn(place, with_terminal, (theirs, theirs, theirs), name)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    os.set_blocking(ours, False)
    return Process(pid, ours, {ours: 1}, terminal=True)


def _spawn(
    place: int, child: Callable[[], NoReturn], standard: tuple[int, int, int], name: str, wait: bool = True
) -> int:
    """Starts `child` in a place, as a child of this process. Returns its pid in this PID namespace.

    An intermediate process enters the place's PID namespace, forks and ends. Its orphan is adopted by this process, which is
    process 1 of the outer PID namespace (pid_namespaces(7)). With `wait`, it returns when the program runs or has failed to
    start.
    """
    reading, writing = os.pipe()

    def intermediate() -> NoReturn:
        enter_place(place)
        os.write(writing, _HEAD.pack(fork(child_in_place)))
        os._exit(0)

    def child_in_place() -> NoReturn:
        os.setsid()
        for target, source in enumerate(standard):
            os.dup2(source, target)
        for number in _RESTORED:  # execve(2) keeps ignored signals ignored
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if not wait:
            os.close(writing)
        try:
            child()
        except OSError as error:
            os.write(writing, (error.strerror or str(error)).encode())
        os._exit(127)

    pid = fork(intermediate)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as pipe:
        head = pipe.read(_HEAD.size)
        error = pipe.read().decode(errors="replace") if len(head) == _HEAD.size else "its node was removed"
    if error:
        raise CnetkitError(f"{name} could not be started: {error}")
    return int(_HEAD.unpack(head)[0])
