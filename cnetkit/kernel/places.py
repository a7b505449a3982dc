"""Places: what a node has besides its network stack as soon as something runs in it, namely mount, UTS, IPC and PID
namespaces of its own, held by a first process that reaps the others. A pod's first process is called pause; each of its
containers has a place that shares the pod's UTS and IPC namespaces and has mounts and processes of its own. It knows no
network.

Sources: namespaces(7), pid_namespaces(7), pidfd_open(2).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from typing import NoReturn

import setproctitle

from cnetkit.kernel import mounts
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
"""What the containers of a pod have in common, beside its network."""
_OWN = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP


class Places:
    """The places of a sandbox by node, made when first asked for. A container's lies inside its host's, so that the
    host's ps(1) shows the container's processes."""

    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks
        self._pidfds: dict[str, int] = {}

    def of(self, stack: Stack, container: str = "") -> int:
        """A pidfd of the first process of the node's place, or of the place of a container in it. CnetkitError where the
        place cannot be made."""
        name = f"{stack.name}/{container}" if container else stack.name
        if name not in self._pidfds:
            around = self.of(self._stacks[stack.host]) if stack.host in self._stacks else None
            pod = self.of(stack) if container else None
            stack.enter()
            self._pidfds[name] = _make(stack.name, around, pod, "pause" if stack.kind == "pod" and not pod else "init")
        return self._pidfds[name]

    def end(self, name: str) -> None:
        """Kills everything that runs in a node and in its containers, or in one container: `pod/container`."""
        for known in [known for known in self._pidfds if known == name or known.startswith(f"{name}/")]:
            pidfd = self._pidfds.pop(known)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)


def fork(child: Callable[[], NoReturn]) -> int:
    """Forks a process that runs `child` and nothing else, whatever happens in it."""
    pid = os.fork()
    if pid:
        return pid
    try:
        child()
    finally:
        os._exit(127)


def _make(name: str, around: int | None, pod: int | None, title: str) -> int:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def first() -> NoReturn:
        if around is not None:
            enter(around, CLONE_NEWPID)
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
        fork(lambda: _first_process(name, title, theirs))
        os._exit(0)

    os.waitpid(fork(first), 0)
    theirs.close()
    said, fds, _, _ = socket.recv_fds(ours, 1000, 1)
    ours.close()
    if not fds:
        raise CnetkitError(f"{name} cannot run anything: {said.decode() or 'its first process ended at once'}")
    return fds[0]


def _first_process(name: str, title: str, told: socket.socket) -> NoReturn:
    """Process 1 of a place: sets it up, says so, and reaps until it is killed."""
    try:
        socket.sethostname(name)
        mounts.of_place()
        setproctitle.setproctitle(title)
        pidfd = os.pidfd_open(os.getpid())
        socket.send_fds(told, [b"ready"], [pidfd])
    except OSError as error:
        told.send(str(error).encode())
        os._exit(1)
    os.closerange(0, 1 << 20)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            signal.sigwait([signal.SIGCHLD])


def enter_place(pidfd: int) -> None:
    """Joins all namespaces of a place; its PID namespace counts for the next child."""
    enter(pidfd, _OWN | _SHARED | CLONE_NEWNET)
