"""The agent: process 1 of a sandbox. It answers its clients' requests one after the other, in one thread.

It knows the protocol and the rest of this room, but no lab, journey or lesson. When its client's stream ends, the agent ends,
and with it the PID namespace and everything that was built.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from cnetkit import protocol as p
from cnetkit.kernel import processes, servers
from cnetkit.kernel.adoption import Adoption
from cnetkit.kernel.build.builder import Builder
from cnetkit.kernel.build.request import carry_out
from cnetkit.kernel.capture import RingCapture
from cnetkit.kernel.changes import Changes
from cnetkit.kernel.channel import Channel, Loop
from cnetkit.kernel.libpcap import compile_filter
from cnetkit.kernel.netlink.socket import NetlinkError
from cnetkit.kernel.places import Places
from cnetkit.kernel.port_waits import PortWaits
from cnetkit.kernel.running import Running
from cnetkit.kernel.snapshot import appearance, network, snapshot
from cnetkit.kernel.stacks import Stack, Stacks
from cnetkit.model import CnetkitError, Event, Topology

_BACKLOG = 64 << 20
"""A client that has not read this many bytes gets no more frames until it has caught up. The kernel counts the lost ones."""


class Agent:
    """Serves the client on `reading` and `writing`, and other programs of the same user on `door`, a listening socket.

    `named`: ip-netns(8) finds the nodes by their names.
    """

    def __init__(
        self, lab: str, client: int, reading: int, writing: int, door: socket.socket | None, named: bool
    ) -> None:
        self._lab, self._client, self._started = lab, client, time.time_ns()
        resource.setrlimit(resource.RLIMIT_NOFILE, (processes.FILES[1], processes.FILES[1]))
        self._loop = Loop()
        self._stacks = Stacks(named)
        self._places = Places(self._stacks)
        self._adoption = Adoption(self._loop, self._stacks, self._places, self._appeared, self._left)
        self._running = Running(self._loop, self._adoption.settle)
        self._port_waits = PortWaits(self._loop)
        self._builder = Builder(self._stacks, self._forget, self._first)
        self._changes = Changes(self._loop, self._stacks, lambda: self._state(network(self._stacks)))
        self._captures: dict[int, tuple[Channel, RingCapture]] = {}
        self._main = Channel(self._loop, reading, writing, self._receive, self._disconnected)
        self._answers: dict[type, Callable[[Channel, int, Any], p.Message | None]] = {
            p.Build: self._build,
            p.Run: self._run,
            p.Start: self._start,
            p.Serve: self._serve,
            p.WaitPort: self._wait_port,
            p.Signal: self._signal,
            p.Cancel: self._cancel,
            p.Input: self._input,
            p.Resize: self._resize,
            p.Capture: self._capture,
            p.EndCapture: self._end_capture,
            p.Send: self._send,
            p.Follow: self._follow,
            p.Programs: self._programs,
            p.Snapshot: self._snapshot,
            p.Status: self._status,
            p.Hello: self._hello,
        }
        if door:
            self._loop.watch(door.fileno(), lambda: self._accept(door))

    def serve(self, welcome: p.Welcome) -> None:
        """Answers the client's Hello, then serves until the client's stream ends."""
        self._main.send(1, welcome)
        self._loop.run()

    def _receive(self, channel: Channel, number: int, body: bytes) -> None:
        try:
            request = p.request(body)
            reply = self._answers[type(request)](channel, number, request)
        except CnetkitError as error:
            reply = p.Failure(str(error))
        except msgspec.ValidationError as error:
            reply = p.Failure(f"an argument has the wrong type: {error}")
        except (NetlinkError, OSError) as error:
            reply = p.Failure(f"the kernel refused it: {error}")
        except Exception:
            reply = p.Failure(traceback.format_exc(), crash=True)
        if reply is not None:
            channel.send(number, reply)

    def _disconnected(self, channel: Channel) -> None:
        for number in [number for number, (client, _) in self._captures.items() if client is channel]:
            self._close(self._captures.pop(number)[1])
        self._running.abandon(channel)
        if channel is self._main:
            self._loop.stop()

    def _accept(self, door: socket.socket) -> None:
        connection, _ = door.accept()
        _, user, _ = struct.unpack("=iii", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if user != os.geteuid():  # other users, root too, appear here as the overflow user (user_namespaces(7))
            connection.close()
            return
        fd = connection.detach()
        Channel(self._loop, fd, fd, self._receive, self._disconnected)

    def _hello(self, channel: Channel, number: int, request: p.Hello) -> p.Message:
        return p.Welcome(os.uname().release, os.getpid())

    # --- Building ----------------------------------------------------------------------------------------------------

    def _build(self, channel: Channel, number: int, request: p.Build) -> p.Message:
        try:
            carry_out(self._builder, request.operations)
        finally:
            self._changes.built()
        return p.Done()

    def _programs(self, channel: Channel, number: int, request: p.Programs) -> p.Message:
        if not os.path.isdir(request.folder):
            raise CnetkitError(
                f"{request.folder} is not to be seen in a lab, which has a /tmp and a /run of its own: move it elsewhere "
                "(XDG_CACHE_HOME is where programs are kept)"
            )
        self._builder.programs[request.name] = request.folder
        return p.Done()

    def _forget(self, name: str) -> None:
        """Ends what runs in a node, or in a container of a pod, and stops capturing there."""
        self._stop_capturing(name)
        self._adoption.forget(name)
        for inside in [stack.name for stack in self._stacks.values() if stack.host == name]:
            self._places.end(inside)
        if name in self._stacks and self._stacks[name].adopted:
            self._places.leave(name)
        else:
            self._places.end(name)

    def _stop_capturing(self, name: str) -> None:
        for _, capture in self._captures.values():
            self._unwatch(capture, name)
            capture.leave(name)

    def _first(self, name: str) -> int:
        """The process id of the first process of a node's place."""
        self._places.of(self._stacks.find(name))
        return self._places.pid(name)

    # --- Nodes that appear by themselves -----------------------------------------------------------------------------

    def _follow(self, channel: Channel, number: int, request: p.Follow) -> p.Message:
        self._adoption.follow(self._stacks.find(request.node), request.kind, request.names)
        return p.Done()

    def _appeared(self, stack: Stack) -> None:
        for number, (channel, capture) in self._captures.items():
            if capture.whole and capture.join(stack):
                self._watch(channel, capture, stack.name)
                self._tell(channel, number, stack)
        self._changes.built()
        self._main.send(0, p.Adopted(stack.name, stack.kind, stack.host))

    def _left(self, name: str) -> None:
        self._stop_capturing(name)
        self._places.leave(name)
        self._stacks.remove(name)
        self._changes.built()
        self._main.send(0, p.Gone(name))

    def _snapshot(self, channel: Channel, number: int, request: p.Snapshot) -> p.Message:
        return self._state(snapshot(self._stacks))

    def _status(self, channel: Channel, number: int, request: p.Status) -> p.Message | None:
        if request.topology and request.within:
            self._changes.wait(channel, number, request.within)
            return None
        return self._state(network(self._stacks) if request.topology else None)

    def _state(self, topology: Topology | None) -> p.State:
        return p.State(self._lab, list(self._stacks), self._client, self._started, topology)

    # --- Processes ---------------------------------------------------------------------------------------------------

    def _place(self, name: str) -> tuple[Stack, int]:
        """The stack and the place of a node, or of a container `pod/container`."""
        node, _, container = name.partition("/")
        stack = self._stacks.find(node)
        return stack, self._places.of(stack, container)

    def _run(self, channel: Channel, number: int, request: p.Run) -> None:
        _, place = self._place(request.node)
        process = processes.start(place, request.node, request.argv, {}, None)
        self._running.collect(channel, number, process, request.input, request.timeout)

    def _start(self, channel: Channel, number: int, request: p.Start) -> p.Message:
        _, place = self._place(request.node)
        size = (request.rows, request.columns) if request.rows else None
        process = processes.start(place, request.node, request.argv, request.environment, size)
        return p.Started(self._running.follow(channel, process), process.pid)

    def _serve(self, channel: Channel, number: int, request: p.Serve) -> p.Message:
        stack, place = self._place(request.node)
        stack.enter()
        with servers.listen(request.kind, request.address, request.port) as listening:
            title = request.title or f"{request.kind}-server {request.port}"
            body = servers.body(request.kind, listening, request.target)
            process = processes.serve(place, title, body, listening.fileno())
        return p.Started(self._running.follow(channel, process), process.pid)

    def _wait_port(self, channel: Channel, number: int, request: p.WaitPort) -> None:
        self._port_waits.wait(channel, number, self._stacks.find(request.node.partition("/")[0]), request)

    def _signal(self, channel: Channel, number: int, request: p.Signal) -> p.Message:
        self._running.signal(request.process, request.number)
        return p.Done()

    def _cancel(self, channel: Channel, number: int, request: p.Cancel) -> p.Message:
        self._running.cancel(channel, request.number)
        return p.Done()

    def _input(self, channel: Channel, number: int, request: p.Input) -> p.Message:
        self._running.write(request.process, request.data)
        return p.Done()

    def _resize(self, channel: Channel, number: int, request: p.Resize) -> p.Message:
        self._running.resize(request.process, request.rows, request.columns)
        return p.Done()

    # --- Captures ----------------------------------------------------------------------------------------------------

    def _capture(self, channel: Channel, number: int, request: p.Capture) -> p.Message:
        if request.capture in self._captures:
            raise CnetkitError(f"capture {request.capture} is already running")
        self._adoption.look()
        stacks = [self._stacks.find(name) for name in request.nodes] or list(self._stacks.values())
        capture = RingCapture(
            stacks,
            request.verdicts,
            request.megabytes,
            compile_filter(request.filter) if request.filter else b"",
            frames=lambda node, block: channel.send_block(p.FrameBlock(request.capture, node, b""), block),
            events=lambda events: self._events(channel, request.capture, events),
        )
        capture.whole = not request.nodes
        try:
            before = snapshot(self._stacks)  # meanwhile the kernel makes the rings
        except BaseException:
            capture.close()
            raise
        capture.begin()
        self._captures[request.capture] = channel, capture
        for node in capture.rings:
            self._watch(channel, capture, node)
        return p.Captured(before, partly_ns=capture.partly_ns)

    def _watch(self, channel: Channel, capture: RingCapture, node: str) -> None:
        frames, *events = capture.descriptors(node)
        self._loop.watch(frames, partial(self._frames, channel, capture, node))
        for fd in events:
            self._loop.watch(fd, partial(capture.read_events, node))

    def _frames(self, channel: Channel, capture: RingCapture, node: str) -> None:
        if channel.backlog < _BACKLOG:
            capture.read_frames(node)
        else:
            time.sleep(0.001)  # the ring stays readable: do not spin while the client catches up

    def _events(self, channel: Channel, number: int, events: list[Event]) -> None:
        channel.send(0, p.Events(number, events))
        if number in self._captures:
            for node in self._captures[number][1].news(events):
                self._tell(channel, number, self._stacks[node])

    def _tell(self, channel: Channel, number: int, stack: Stack) -> None:
        """Tells of a node that appears in a capture, at once: it may be gone before the capture ends."""
        shown = appearance(self._stacks, stack)
        channel.send(0, p.Events(number, [Event(shown.time_ns, stack.name, "node", "new", shown)]))

    def _unwatch(self, capture: RingCapture, node: str) -> None:
        if node in capture.rings:
            for fd in capture.descriptors(node):
                self._loop.forget(fd)

    def _end_capture(self, channel: Channel, number: int, request: p.EndCapture) -> p.Message:
        if request.capture not in self._captures:
            raise CnetkitError(f"capture {request.capture} is not running")
        _, capture = self._captures.pop(request.capture)
        for node in capture.rings:
            self._unwatch(capture, node)
        capture.finish()
        reply = p.Captured(snapshot(self._stacks), capture.losses(), capture.partly_ns)
        self._loop.later(0, capture.close)  # closing rings takes long: answer first
        return reply

    def _close(self, capture: RingCapture) -> None:
        for node in capture.rings:
            self._unwatch(capture, node)
        capture.close()

    def _send(self, channel: Channel, number: int, request: p.Send) -> p.Message:
        stack = self._stacks.find(request.node)
        stack.enter()
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            try:
                sender.bind((request.interface, 0))
                sender.send(request.frame)
            except OSError as error:
                raise CnetkitError(
                    f"a frame could not be sent on {request.node}/{request.interface}: {error.strerror}"
                ) from None
        return p.Done()


def ignore_signals() -> None:
    """Ignores the signals of the client's terminal, such as Ctrl-C: only the client handles them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
