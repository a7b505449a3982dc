"""Starts and uses the spawner, the process that forks this process's agents (kernel/spawner.py). It knows no messages."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import threading

_Context = tuple[object, ...]
"""What a child inherits from this process: a changed context needs a new spawner."""


class SpawnerProcess:
    """A running spawner. It is reused as long as this process's user, limits, folder and environment stay the same."""

    def __init__(self, context: _Context, errors: int) -> None:
        self.context = context
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-P", "-m", "cnetkit.kernel.spawner"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # only the client handles Ctrl-C
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            )

    def spawn(self, descriptors: list[int]) -> None:
        """Forks an agent. OSError if the spawner has ended."""
        socket.send_fds(self._control, [b"!"], descriptors)

    def retire(self) -> None:
        """Requests no more agents: the spawner ends when its last agent has ended."""
        self._control.close()

    def ended(self) -> bool:
        """Whether it has ended. Also reaps it."""
        return self._process.poll() is not None


_running: list[SpawnerProcess] = []
"""The last one forks new agents; earlier ones end when their last agents do."""
_lock = threading.Lock()


def spawn(descriptors: list[int]) -> None:
    """Starts an agent with these descriptors: its stream, its standard error, and a pipe for its wait status."""
    with _lock:
        context = _context()
        _running[:] = [spawner for spawner in _running if not spawner.ended()]
        if _running and _running[-1].context == context:
            with contextlib.suppress(OSError):  # it has just ended
                _running[-1].spawn(descriptors)
                return
        for spawner in _running:
            spawner.retire()
        _running.append(SpawnerProcess(context, errors=descriptors[1]))
        _running[-1].spawn(descriptors)


def _context() -> _Context:
    folder = os.stat(".")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return os.geteuid(), files, folder.st_dev, folder.st_ino, tuple(sys.path), dict(os.environ)


def _after_fork() -> None:
    """A forked copy of this process starts its own spawner."""
    _running.clear()
    _lock.release()


os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork)
