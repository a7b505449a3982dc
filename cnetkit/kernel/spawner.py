"""Forks an agent for each lab of one client, so that only the first lab waits for Python to start.

It has one thread, enters no namespace and knows no lab. When its client ends, the spawner and its agents end; between two labs
it waits. Started as `python -m cnetkit.kernel.spawner`, with a Unix socket to the client as standard input.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import struct
import traceback
from functools import partial
from typing import NoReturn

import setproctitle

from cnetkit.kernel import start
from cnetkit.kernel.agent import ignore_signals
from cnetkit.kernel.channel import Loop
from cnetkit.kernel.places import fork


class Spawner:
    """Serves `client`, a process id, on `control`. Each message carries three descriptors: the agent's stream, its standard
    error, and a pipe that gets its wait status (a native int) when it has ended. If the client closes the pipe earlier, the
    agent is killed."""

    def __init__(self, client: int, control: socket.socket) -> None:
        self._client, self._control = client, control
        self._own = os.pidfd_open(os.getpid())
        self._agents = 0
        self._accepting = True
        self._loop = Loop()
        self._loop.watch(control.fileno(), self._spawn)
        if client:
            self._loop.watch(os.pidfd_open(client), self._loop.stop)

    def serve(self) -> None:
        """Returns when the client has ended, or wants no more agents and the last one has ended."""
        self._loop.run()

    def _spawn(self) -> None:
        _, descriptors, _, _ = socket.recv_fds(self._control, 1, 3)
        if len(descriptors) < 3:
            self._loop.forget(self._control.fileno())
            self._accepting = False
            self._stop_if_idle()
            return
        stream, errors, status_pipe = descriptors
        pid = fork(lambda: self._become_agent(stream, errors))
        os.close(stream)
        os.close(errors)
        pidfd = os.pidfd_open(pid)
        self._agents += 1
        self._loop.watch(status_pipe, partial(self._kill, pidfd, status_pipe))
        self._loop.watch(pidfd, partial(self._ended, pid, pidfd, status_pipe))
        self._loop.later(0, _load_the_rest)

    def _become_agent(self, stream: int, errors: int) -> NoReturn:
        os.setsid()
        for target, source in enumerate((stream, stream, errors)):
            os.dup2(source, target)
        os.closerange(3, self._own)
        os.closerange(self._own + 1, 1 << 20)
        try:
            start.main(self._client, self._own)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def _kill(self, pidfd: int, status_pipe: int) -> None:
        self._loop.forget(status_pipe)
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def _ended(self, pid: int, pidfd: int, status_pipe: int) -> None:
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):
            os.write(status_pipe, struct.pack("=i", status))
        for fd in (pidfd, status_pipe):
            self._loop.forget(fd)
            os.close(fd)
        self._agents -= 1
        self._stop_if_idle()

    def _stop_if_idle(self) -> None:
        if not self._accepting and not self._agents:
            self._loop.stop()


def _load_the_rest() -> None:
    """Loads the modules that an agent otherwise loads on first use, so that the next agent has them."""
    for module in ("concurrent.futures.thread", "cnetkit.kernel.web"):
        importlib.import_module(module)


def main() -> None:
    """Serves the parent process."""
    ignore_signals()
    setproctitle.setproctitle("cnetkit: waits for labs")
    Spawner(os.getppid(), socket.socket(fileno=0)).serve()


if __name__ == "__main__":
    main()
