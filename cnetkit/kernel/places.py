"""Places: the mount, UTS, IPC and PID namespaces in which a node's programs run, besides its network namespace.

A place is made when the first program starts in a node. Its first process reaps the others; a pod's is called pause. Each
container of a pod has a place that shares the pod's UTS and IPC namespaces, and has its own mounts and processes. It knows no
network.

Sources: namespaces(7), pid_namespaces(7), pidfd_open(2).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import NoReturn

import setproctitle

from cnetkit.kernel import machine, mounts
from cnetkit.kernel.namespaces import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    enter,
    unshare,
)
from cnetkit.kernel.stacks import Stack, Stacks
from cnetkit.model import CnetkitError

_SHARED = CLONE_NEWUTS | CLONE_NEWIPC
"""What the containers of a pod share, besides its network."""
_OWN = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP


class Places:
    """The places of a sandbox by node, made on first use. A container's PID namespace is inside its host's, so that ps(1) on
    the host shows the container's processes."""

    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks
        self._pidfds: dict[str, int] = {}
        self._found: set[str] = set()
        """The places that adopted nodes had already."""

    def of(self, stack: Stack, container: str = "") -> int:
        """A pidfd of the first process of a node's place, or of the place of a container in a pod. CnetkitError if the place
        cannot be made."""
        name = f"{stack.name}/{container}" if container else stack.name
        if stack.adopted and not container and (name not in self._pidfds or _ended(self._pidfds[name])):
            self.leave(name)
            if pidfd := _inside(stack):
                self._pidfds[name] = pidfd
                self._found.add(name)
        if name not in self._pidfds:
            outer = self.of(self._stacks[stack.host]) if stack.host in self._stacks else None
            pod = self.of(stack) if container else None
            stack.enter()
            self._pidfds[name] = _make(stack, outer, pod)
        return self._pidfds[name]

    def pid(self, name: str) -> int:
        """The process id of the first process of a place that has been made, in the agent's PID namespace."""
        with open(f"/proc/self/fdinfo/{self._pidfds[name]}", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("Pid:")).split()[1])

    def made(self, name: str) -> bool:
        """Whether a node's place was made here, not found."""
        return name in self._pidfds and name not in self._found

    def leave(self, name: str) -> None:
        """Forgets the place of a node that somebody else made: what runs there is not ours to end. A place made here is ended."""
        if name not in self._found:
            self.end(name)
        elif name in self._pidfds:
            os.close(self._pidfds.pop(name))
        self._found.discard(name)

    def end(self, name: str) -> None:
        """Kills everything that runs in a node and in its containers, or in the single container `pod/container`."""
        for place in [place for place in self._pidfds if place == name or place.startswith(f"{name}/")]:
            pidfd = self._pidfds.pop(place)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)


def _inside(stack: Stack) -> int:
    """A pidfd of a process in an adopted namespace: of the first one of a container if there is one, else of any; 0 if there is
    none."""
    found: list[tuple[bool, int]] = []
    for process in (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{process}/ns/net").st_ino == stack.inode:
                found.append((_number_inside(process) != 1, process))
    for _, process in sorted(found):
        with contextlib.suppress(OSError):
            return os.pidfd_open(process)
    return 0


def _number_inside(process: int) -> int:
    """A process's number in its own PID namespace."""
    with open(f"/proc/{process}/status", encoding="utf-8", errors="replace") as file:
        return int(next((line for line in file if line.startswith("NSpid:")), "0").split()[-1])


def _ended(pidfd: int) -> bool:
    return bool(select.select([pidfd], [], [], 0)[0])


def fork(child: Callable[[], NoReturn]) -> int:
    """Forks a process that runs only `child`, and ends even if that raises an exception."""
    pid = os.fork()
    if pid:
        return pid
    try:
        child()
    finally:
        os._exit(127)


def _make(stack: Stack, outer: int | None, pod: int | None) -> int:
    """Starts the first process of a place, inside the PID namespace of the place `outer`. Returns its pidfd. `pod`: the place
    of the pod whose container this is."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def first() -> NoReturn:
        if outer is not None:
            enter(outer, CLONE_NEWPID)
        fork(second)
        os._exit(0)

    def second() -> NoReturn:
        try:
            if pod is not None:
                enter(pod, _SHARED)
            unshare(_OWN if pod is not None else _OWN | _SHARED)
        except OSError as error:
            theirs.send(str(error).encode())
            os._exit(1)
        fork(lambda: _first_process(stack, pod is not None, theirs))
        os._exit(0)

    os.waitpid(fork(first), 0)
    theirs.close()
    error, fds, _, _ = socket.recv_fds(ours, 1000, 1)
    ours.close()
    if not fds:
        raise CnetkitError(f"{stack.name} cannot run anything: {error.decode() or 'its first process ended at once'}")
    return fds[0]


def _first_process(stack: Stack, in_pod: bool, starter: socket.socket) -> NoReturn:
    """Process 1 of a place: sets it up, reports to the starter, and reaps children until it is killed."""
    try:
        socket.sethostname(stack.name)
        mounts.of_place(stack.stacks.named)
        if stack.kind == "host":
            machine.of_host(stack.programs)
        setproctitle.setproctitle("pause" if stack.kind == "pod" and not in_pod else "init")
        pidfd = os.pidfd_open(os.getpid())
        socket.send_fds(starter, [b"ready"], [pidfd])
    except OSError as error:
        starter.send(str(error).encode())
        os._exit(1)
    os.closerange(0, 1 << 20)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            signal.sigwait([signal.SIGCHLD])


def enter_place(pidfd: int) -> None:
    """Joins all namespaces of a place; the PID namespace takes effect for the next child (setns(2))."""
    enter(pidfd, _OWN | _SHARED | CLONE_NEWNET)
