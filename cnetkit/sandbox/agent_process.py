"""A transport to an agent that is started as a process on this machine, over a socket pair. It knows no messages."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
from collections.abc import Callable

from cnetkit.protocol import Splitter
from cnetkit.sandbox.spawner_process import spawn

_PATIENCE = 10.0


class AgentProcess:
    """Starts an agent. The agent ends when this end of the socket is closed, or when this process ends."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket = ours
        self._owner = os.getpid()
        self._sending = threading.Lock()
        self._closed = False
        self._reader: threading.Thread | None = None
        self._stderr = os.memfd_create("cnetkit-agent-stderr")
        self._status_pipe, status_writer = os.pipe()
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
            try:
                spawn([theirs.fileno(), self._stderr, status_writer])
            finally:
                os.close(status_writer)

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        """Starts a thread that reads what the agent sends."""
        self._reader = threading.Thread(target=self._read, args=(received, ended), name="cnetkit agent", daemon=True)
        self._reader.start()

    def send(self, data: bytes) -> None:
        """Sends one encoded message."""
        with self._sending:
            self._socket.sendall(data)

    def close(self) -> None:
        """Ends the stream, and waits until the agent has ended. Does nothing in a forked copy of this process."""
        if self._closed or os.getpid() != self._owner:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(2 * _PATIENCE)
            self._socket.close()

    def _read(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        splitter = Splitter()
        try:
            while data := self._socket.recv(1 << 20):
                for number, body in splitter.feed(data):
                    received(number, body)
        except OSError:
            pass
        ended(self._reason())
        os.close(self._stderr)
        os.close(self._status_pipe)  # the spawner kills an agent that still runs

    def _reason(self) -> str:
        poll = select.poll()
        poll.register(self._status_pipe, select.POLLIN)
        if not poll.poll(_PATIENCE * 1000):
            return "the sandbox's agent closed its stream: make a new Lab to go on"
        status = os.read(self._status_pipe, 4)
        if status:
            code = os.waitstatus_to_exitcode(struct.unpack("=i", status)[0])
            how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
        else:
            how = "ended with the process that had started it"
        errors = os.pread(self._stderr, 1 << 16, 0).decode(errors="replace").strip().splitlines()
        return f"the sandbox's agent {how}{f' ({errors[-1]})' if errors else ''}: make a new Lab to go on"
