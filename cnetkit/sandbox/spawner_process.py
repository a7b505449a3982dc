"""The process that forks this one's agents (see kernel/spawner.py), as this process knows it. It knows no messages."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import threading

_Surroundings = tuple[object, ...]


class SpawnerProcess:
    """A running spawner. It is used again as long as this process looks to its children as it did when it was started."""

    def __init__(self, around: _Surroundings, errors: int) -> None:
        self.around = around
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-P", "-m", "cnetkit.kernel.spawner"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # Ctrl-C at the terminal is for the client alone
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            )

    def spawn(self, descriptors: list[int]) -> None:
        """Has an agent forked. OSError where the spawner is gone."""
        socket.send_fds(self._control, [b"!"], descriptors)

    def retire(self) -> None:
        """Asks for no more agents: the spawner ends when those it has have ended."""
        self._control.close()

    def ended(self) -> bool:
        """Whether it has ended; no zombie is left of it then."""
        return self._process.poll() is not None


_running: list[SpawnerProcess] = []
"""The last one is asked for agents; those before it end with the agents that they still have."""
_lock = threading.Lock()


def spawn(descriptors: list[int]) -> None:
    """Has an agent started with these descriptors: its stream, where it writes errors, and a pipe for its wait status."""
    with _lock:
        around = _surroundings()
        _running[:] = [one for one in _running if not one.ended()]
        if _running and _running[-1].around == around:
            with contextlib.suppress(OSError):  # it is being killed
                _running[-1].spawn(descriptors)
                return
        for one in _running:
            one.retire()
        _running.append(SpawnerProcess(around, errors=descriptors[1]))
        _running[-1].spawn(descriptors)


def _surroundings() -> _Surroundings:
    here = os.stat(".")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return os.geteuid(), files, here.st_dev, here.st_ino, tuple(sys.path), dict(os.environ)


def _forked() -> None:
    """A forked copy of this process makes a spawner of its own."""
    _running.clear()
    _lock.release()


os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_forked)
