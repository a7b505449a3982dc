"""A transport: an agent as a process on this machine, at the other end of a socket pair."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

from cnetkit.protocol import Splitter


class AgentProcess:
    """Starts an agent when it is opened. The agent ends when this end of the socket does, and when this process does."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket = ours
        self._owner = os.getpid()
        self._sending = threading.Lock()
        self._closed = False
        self._complaints = os.memfd_create("cnetkit-agent-stderr")
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-P", "-m", "cnetkit.kernel.start"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._complaints,
                start_new_session=True,  # Ctrl-C at the terminal is for the client alone
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            )

    def open(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        """Begins to read what the agent sends, in a thread of its own."""
        reader = threading.Thread(target=self._read, args=(received, ended), name="cnetkit agent", daemon=True)
        reader.start()

    def send(self, data: bytes) -> None:
        """Sends one encoded message."""
        with self._sending:
            self._socket.sendall(data)

    def close(self) -> None:
        """Ends the stream, and waits until the agent is gone. In a forked copy of this process it does nothing."""
        if self._closed or os.getpid() != self._owner:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if threading.current_thread().name != "cnetkit agent":
            self._socket.close()

    def _read(self, received: Callable[[int, bytes], None], ended: Callable[[str], None]) -> None:
        splitter = Splitter()
        try:
            while data := self._socket.recv(1 << 20):
                for number, body in splitter.feed(data):
                    received(number, body)
        except OSError:
            pass
        ended(self._death())
        os.close(self._complaints)

    def _death(self) -> str:
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "the sandbox's agent closed its stream: make a new Lab to go on"
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        said = os.pread(self._complaints, 1 << 16, 0).decode(errors="replace").strip().splitlines()
        return f"the sandbox's agent {how}{f' ({said[-1]})' if said else ''}: make a new Lab to go on"
