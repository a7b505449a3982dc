"""Forks an agent for each lab of one client, so that only the first lab waits for Python to start and load.

It has one thread, leaves no namespace and knows no lab. It ends with its client, and then its agents do; between two labs
it only waits. Started as `python -m cnetkit.kernel.spawner`, with a Unix socket to the client as standard input.
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
from cnetkit.kernel.agent import quiet_signals
from cnetkit.kernel.channel import Loop
from cnetkit.kernel.places import fork


class Spawner:
    """Serves `client`, a process id, on `control`. Each message there brings three descriptors: an agent's stream, where it
    writes errors, and a pipe that gets its wait status (an int of this machine) when it has ended. Where the client closes
    the pipe before, the agent is killed."""

    def __init__(self, client: int, control: socket.socket) -> None:
        self._client, self._control = client, control
        self._own = os.pidfd_open(os.getpid())
        self._agents = 0
        self._wanted = True
        self._loop = Loop()
        self._loop.watch(control.fileno(), self._asked)
        if client:
            self._loop.watch(os.pidfd_open(client), self._loop.stop)

    def serve(self) -> None:
        """Returns when the client is gone, or wants no more agents and has none left."""
        self._loop.run()

    def _asked(self) -> None:
        _, given, _, _ = socket.recv_fds(self._control, 1, 3)
        if len(given) < 3:
            self._loop.forget(self._control.fileno())
            self._wanted = False
            self._stop_if_idle()
            return
        stream, errors, fate = given
        pid = fork(lambda: self._become_agent(stream, errors))
        os.close(stream)
        os.close(errors)
        pidfd = os.pidfd_open(pid)
        self._agents += 1
        self._loop.watch(fate, partial(self._kill, pidfd, fate))
        self._loop.watch(pidfd, partial(self._ended, pid, pidfd, fate))
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

    def _kill(self, pidfd: int, fate: int) -> None:
        self._loop.forget(fate)
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def _ended(self, pid: int, pidfd: int, fate: int) -> None:
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):
            os.write(fate, struct.pack("=i", status))
        for fd in (pidfd, fate):
            self._loop.forget(fd)
            os.close(fd)
        self._agents -= 1
        self._stop_if_idle()

    def _stop_if_idle(self) -> None:
        if not self._wanted and not self._agents:
            self._loop.stop()


def _load_the_rest() -> None:
    """What an agent loads when it is first needed: the next one has it already."""
    for module in ("concurrent.futures.thread", "cnetkit.kernel.web"):
        importlib.import_module(module)


def main() -> None:
    """Serves the process that started this one."""
    quiet_signals()
    setproctitle.setproctitle("cnetkit: waits for labs")
    Spawner(os.getppid(), socket.socket(fileno=0)).serve()


if __name__ == "__main__":
    main()
