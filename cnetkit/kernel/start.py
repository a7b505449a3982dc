"""The start of an agent: reads Hello, leaves the machine's namespaces, and forks into two processes.

The outer process watches the spawner, which watches the client, and kills the inner one when the spawner ends. The inner process
is process 1 of the new PID namespace, and is killed when the outer one ends. So whichever is killed first, the kernel removes
everything. The stream to the client is standard input and output.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
from typing import NoReturn

import setproctitle

from cnetkit import protocol as p
from cnetkit.kernel import mounts, user_ids
from cnetkit.kernel.agent import Agent
from cnetkit.kernel.namespaces import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    die_with_parent,
    unshare,
)

_OWN = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP


def main(client: int, spawner: int) -> None:
    """Runs until the client (a process id) or the spawner (a pidfd) has ended."""
    hello = _hello()
    if hello is None:
        return
    setproctitle.setproctitle(f"cnetkit: {hello.lab}")
    door = _door(hello.lab)
    one = user_ids.why_one()
    try:
        unshare(_OWN) if hello.host else user_ids.become_root_of_a_user_namespace(_OWN)
    except OSError as error:
        _reply(p.Refused("unshare" if "unshare" in str(error) else "rights", error.errno or 0))
        return
    inside = os.fork()
    if inside == 0:
        die_with_parent(signal.SIGKILL)
        _inside(hello, client, door, one)
    _watch(spawner, inside)


def _hello() -> p.Hello | None:
    """The client's first message; None if the client disconnected without one, or speaks another version."""
    splitter = p.Splitter()
    while data := os.read(0, 1 << 16):
        for _, body in splitter.feed(data):
            request = p.request(body)
            if isinstance(request, p.Hello) and request.version == p.VERSION:
                return request
            _reply(p.Failure(f"this agent speaks version {p.VERSION} of the protocol", crash=True))
            return None
    return None


def _reply(message: p.Message) -> None:
    data = p.encode(1, message)
    while data:
        data = data[os.write(1, data) :]


def _door(lab: str) -> socket.socket:
    """An abstract Unix socket (unix(7)) in the machine's network namespace, by which `cnetkit ps` and `shell` find the lab.

    It has no file, so nothing remains of it. SO_PEERCRED tells who connects.
    """
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", lab)[:60]
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(f"\0cnetkit/{os.geteuid()}/{os.getpid()}/{name}")
    door.listen(8)
    return door


def _inside(hello: p.Hello, client: int, door: socket.socket, one: str) -> NoReturn:
    try:
        limits, named = mounts.of_sandbox()
        if not user_ids.many():
            limits.append(f"programs have one user, 0, and files one owner: {one or 'more ids were refused'}")
    except OSError as error:
        _reply(p.Refused("mount", error.errno or 0))
        os._exit(1)
    reading, writing = os.dup(0), os.dup(1)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    if os.path.sameopenfile(reading, writing):
        os.close(writing)
        writing = reading
    agent = Agent(hello.lab, client, reading, writing, door, named)
    agent.serve(p.Welcome(os.uname().release, os.getpid(), limits))
    os._exit(0)


def _watch(spawner: int, inside: int) -> NoReturn:
    """Waits until the agent or the spawner ends, and ends with the agent's status."""
    os.closerange(0, spawner)
    os.closerange(spawner + 1, 1 << 20)
    agent = os.pidfd_open(inside)
    poll = select.poll()
    for fd in (agent, spawner):
        poll.register(fd, select.POLLIN)
    ready = [fd for fd, _ in poll.poll()]
    if agent not in ready:
        os.kill(inside, signal.SIGKILL)
    _, status = os.waitpid(inside, 0)
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL) if os.WTERMSIG(status) != signal.SIGKILL else None
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))
