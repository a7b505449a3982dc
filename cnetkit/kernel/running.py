"""The processes that run for clients: sends each client its processes' output and exit status.

It starts no process; processes.py does.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from cnetkit import protocol as p
from cnetkit.kernel.channel import Channel, Loop
from cnetkit.kernel.processes import Process
from cnetkit.model import CnetkitError

_MOST_OUTPUT = 16 << 20
_CUT = b"\n[the rest of the output was left out]\n"


@dataclass(slots=True)
class _Task:
    channel: Channel
    process: Process
    number: int
    """The number of the Run request that waits for the end; 0 for a process of Start or Serve, which has a `key`."""
    key: int = 0
    output: dict[int, bytearray] = field(default_factory=lambda: {1: bytearray(), 2: bytearray()})
    input: bytearray = field(default_factory=bytearray)
    timed_out: bool = False
    input_ended: bool = False


class Running:
    """All processes that run for clients. `settle` is called before a Run is answered, with the function that answers it."""

    def __init__(self, loop: Loop, settle: Callable[[Callable[[], object]], object]) -> None:
        self._loop, self._settle = loop, settle
        self._tasks: dict[int, _Task] = {}
        self._keys = 0
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        loop.watch(reading, partial(self._woken, reading))

    def collect(self, channel: Channel, number: int, process: Process, input_: bytes, timeout: float) -> None:
        """Collects a process's output, and answers request `number` with it when the process has ended."""
        task = self._add(_Task(channel, process, number))
        self._feed(task, input_)
        self._feed(task, b"")
        if timeout > 0:
            self._loop.later(timeout, lambda: self._time_out(task))

    def follow(self, channel: Channel, process: Process) -> int:
        """Sends a process's output to the client as it arrives. Returns the process's number."""
        self._keys += 1
        self._add(_Task(channel, process, 0, self._keys))
        return self._keys

    def _add(self, task: _Task) -> _Task:
        self._tasks[task.process.pid] = task
        for fd in task.process.outputs:
            self._loop.watch(fd, partial(self._read, task, fd))
        self._loop.later(0, self._reap)  # it may have ended already
        return task

    def _woken(self, fd: int) -> None:
        os.read(fd, 4096)
        self._reap()

    def _find(self, key: int) -> _Task:
        for task in self._tasks.values():
            if task.key == key:
                return task
        raise CnetkitError("that process has ended")

    def signal(self, key: int, number: int) -> None:
        """Sends a signal. CnetkitError if the process has ended."""
        self._find(key).process.signal(number)

    def resize(self, key: int, rows: int, columns: int) -> None:
        """Sets the size of a process's terminal."""
        self._find(key).process.resize(rows, columns)

    def write(self, key: int, data: bytes) -> None:
        """Writes to a process's standard input. Empty `data` closes it."""
        self._feed(self._find(key), data)

    def abandon(self, channel: Channel) -> None:
        """Kills the processes of a client that has disconnected."""
        for task in self._tasks.values():
            if task.channel is channel:
                task.process.signal(signal.SIGHUP)
                task.process.signal(signal.SIGKILL)

    def cancel(self, channel: Channel, number: int) -> None:
        """Kills the process that request `number` waits for, if it still runs."""
        for task in self._tasks.values():
            if task.channel is channel and task.number == number:
                task.process.signal(signal.SIGKILL)

    def _feed(self, task: _Task, data: bytes) -> None:
        process = task.process
        if process.input < 0:
            return
        if data:
            task.input += data
        elif not process.terminal:
            task.input_ended = True
        self._pump(task)

    def _pump(self, task: _Task) -> None:
        process = task.process
        try:
            while task.input:
                del task.input[: os.write(process.input, task.input[:65536])]
        except BlockingIOError:
            if not process.terminal:
                self._loop.watch(process.input, lambda: self._pump(task), 2)
                return
            self._loop.later(0.01, lambda: self._pump(task))
            return
        except OSError:
            task.input.clear()  # the process no longer reads
        if process.terminal:
            return
        self._loop.forget(process.input)
        if task.input_ended:
            os.close(process.input)
            process.input = -1

    def _read(self, task: _Task, fd: int) -> bool:
        """Reads some output. Whether there may be more."""
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return False
        except OSError:
            data = b""  # a terminal that its last process has closed
        stream = task.process.outputs[fd]
        if not data:
            self._loop.forget(fd)
            del task.process.outputs[fd]
            os.close(fd)
            if task.process.input == fd:
                task.process.input = -1
            return False
        if task.number:
            output = task.output[stream]
            output += data[: max(0, _MOST_OUTPUT - len(output))]
        else:
            task.channel.send(0, p.Output(task.key, stream, data))
        return True

    def _time_out(self, task: _Task) -> None:
        if task.process.pid in self._tasks and self._tasks[task.process.pid] is task:
            task.timed_out = True
            task.process.signal(signal.SIGKILL)

    def _reap(self) -> None:
        """Reaps all children that have ended, including orphans, because this is process 1."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if task := self._tasks.pop(pid, None):
                self._finish(task, status)

    def _finish(self, task: _Task, status: int) -> None:
        for fd in list(task.process.outputs):
            while fd in task.process.outputs and self._read(task, fd):
                continue
        for fd in {*task.process.outputs, task.process.input} - {-1}:
            self._loop.forget(fd)
            os.close(fd)
        code = os.waitstatus_to_exitcode(status)
        code = 128 - code if code < 0 else code
        if task.number:
            output, errors = (bytes(task.output[i]) for i in (1, 2))
            output += _CUT if len(output) == _MOST_OUTPUT else b""
            ran = p.Ran(code, output, errors, task.timed_out)
            self._settle(lambda: task.channel.send(task.number, ran))
        else:
            task.channel.send(0, p.Exited(task.key, code))
