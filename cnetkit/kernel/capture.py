"""A capture: a packet ring and an event listener in each captured node, from start to finish. It reads no frame."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from cnetkit.kernel.listener import Listener
from cnetkit.kernel.ring import Ring
from cnetkit.kernel.stacks import Stack
from cnetkit.model import CnetkitError, Event, Loss

_LEAST, _MOST = 32 << 10, 32 << 20
_SHARES = {"host": 4, "router": 4}
"""All traffic goes through these kinds of nodes, so they get more of the ring memory than a container's 1."""
_JOINED = 1 << 20
"""Bytes of ring memory for a node that appears while a capture runs."""
_NEW = 1.0
"""Seconds in which its maker sets up the network of a node that has appeared."""
_BLOCK_MS = 50
"""The kernel hands a block over after this time even if it is not full, so that a live view is never further behind."""
_QUIET, _PATIENCE = 0.010, 0.5
_WRITTEN = 0.002
"""How long the kernel may take to finish a frame that it began to write before its ring was stopped."""


class RingCapture:
    """Captures in `stacks`. `frames` is called with a node and a ring block, which it must copy to keep; `events` with the
    node's events in order.

    Listeners start at once, rings with `begin`. All nodes share `megabytes` of ring memory. `program` is a BPF program that
    selects frames; empty: all frames. CnetkitError if the kernel has no memory for the rings; nothing is left open then.
    """

    def __init__(
        self,
        stacks: Iterable[Stack],
        verdicts: bool,
        megabytes: int,
        program: bytes,
        frames: Callable[[str, bytes | memoryview], None],
        events: Callable[[list[Event]], None],
    ) -> None:
        self._frames, self._events = frames, events
        self._verdicts, self._program = verdicts, program
        self.rings: dict[str, Ring] = {}
        self.listeners: dict[str, Listener] = {}
        self.whole = False
        """Whether nodes that appear belong to it too."""
        self._joined: dict[str, float] = {}
        """The nodes that have appeared, and until when they count as new."""
        self._lost: dict[str, int] = {}
        self._unheard: list[Loss] = []
        """The nodes that appeared and could not be captured."""
        self.partly_ns = (0, 0)
        """See `protocol.Captured`: while the rings last began or stopped one after another."""
        nodes = list(stacks)
        shares = {stack.name: _SHARES.get(stack.kind, 1) for stack in nodes}
        share = (megabytes << 20) // max(1, sum(shares.values()))
        self._opened: Callable[[], None] = lambda: None
        with self._all_or_nothing():
            for stack in nodes:
                stack.enter()
                self.rings[stack.name] = Ring(min(_MOST, max(_LEAST, share * shares[stack.name])), _BLOCK_MS, program)
            self._opened = side_by_side([ring.open for ring in self.rings.values()])
            for stack in nodes:
                self.listeners[stack.name] = Listener(stack, verdicts)

    def begin(self) -> None:
        """Waits until all rings have their memory, then starts capturing. CnetkitError as above."""
        with self._all_or_nothing():
            self._opened()
            first_ns = time.time_ns()
            for ring in self.rings.values():
                ring.begin()
            self.partly_ns = first_ns, time.time_ns()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.close()
            if not isinstance(error, OSError):
                raise
            raise CnetkitError(
                f"the kernel refused a capture: {error.strerror}; capture in fewer nodes, or with fewer megabytes"
            ) from None

    def descriptors(self, node: str) -> tuple[int, int, int]:
        """The descriptors to poll for a node: its ring's, then its listener's two."""
        listener = self.listeners[node]
        return self.rings[node].fileno(), listener.route.fileno(), listener.filter.fileno()

    def read_frames(self, node: str) -> bool:
        """Passes on the blocks that are ready in a node. Whether there were any."""
        any_ready = False
        for block in self.rings[node].blocks():
            self._frames(node, block)
            any_ready = True
        return any_ready

    def read_events(self, node: str) -> bool:
        """Passes on the events that wait in a node. Whether there were any."""
        events = self.listeners[node].read()
        if events:
            self._events(events)
        return bool(events)

    def finish(self) -> None:
        """Reads until no frame or event has arrived for some milliseconds, at most half a second; then stops all rings and
        passes on what is left in them."""
        quiet, first_ns = self._read_until(lambda since: since >= _QUIET, _PATIENCE)
        for ring in self.rings.values():
            ring.stop()
        self.partly_ns = first_ns, time.time_ns()
        if not quiet:  # the kernel may still be writing a frame into its block: wait until its timer closes the block
            self._read_until(lambda _: not any(ring.state()[-1] for ring in self.rings.values()), _PATIENCE)
        for node in self.rings:
            self._read_rest(node)

    def _read_rest(self, node: str) -> None:
        """Passes on all that a stopped ring holds, the block that the kernel was still filling too."""
        self.read_frames(node)
        if remainder := self.rings[node].remainder():
            self._frames(node, remainder)

    def _read_until(self, finished: Callable[[float], bool], patience: float) -> tuple[bool, int]:
        """Reads until `finished`, which is called with the seconds since the last arrival; not if `patience` seconds passed.

        Returns whether it finished, and up to which time (CLOCK_REALTIME) no frame had arrived that was not read.
        """
        poll = select.poll()
        for fd in (fd for node in self.rings for fd in self.descriptors(node)):
            poll.register(fd, select.POLLIN)
        last: list[tuple[int, int, int]] = []
        since = time.monotonic()
        end = since + patience
        while (now := time.monotonic()) < end:
            now_ns = time.time_ns()
            arrived = [self.read_frames(node) for node in self.rings] + [
                self.read_events(node) for node in self.listeners
            ]
            states = [ring.state() for ring in self.rings.values()]
            if any(arrived) or states != last:
                since, last = now, states
            if finished(now - since):
                return True, now_ns
            poll.poll(2)
        return False, time.time_ns()

    def losses(self) -> list[Loss]:
        """The frames and events that the kernel had no room for, so far."""
        for node, ring in self.rings.items():
            self._lost[node] = self._lost.get(node, 0) + ring.lost()
        frames = [Loss(node, "frames", count) for node, count in self._lost.items() if count]
        return frames + self._unheard + [loss for listener in self.listeners.values() for loss in listener.losses()]

    def join(self, stack: Stack) -> bool:
        """Captures in one more node. False if the kernel has no memory for it, which counts as a loss of that node's events."""
        stack.enter()
        ring = Ring(_JOINED, _BLOCK_MS, self._program)
        try:
            ring.open()
            listener = Listener(stack, self._verdicts)
        except (OSError, CnetkitError):
            ring.close()
            self._unheard.append(Loss(stack.name, "events", 1))
            return False
        ring.begin()
        self.rings[stack.name], self.listeners[stack.name] = ring, listener
        self._joined[stack.name] = time.monotonic() + _NEW
        return True

    def news(self, events: Iterable[Event]) -> set[str]:
        """The new nodes of which an interface or a route has changed."""
        now = time.monotonic()
        changed = {event.node for event in events if event.kind in ("interface", "route")}
        return {node for node in changed if node in self.rings and self._joined.get(node, 0) > now}

    def leave(self, node: str) -> None:
        """Stops capturing in a node that is about to be removed, after passing on what its ring holds."""
        if node in self.rings:
            self.rings[node].stop()
            time.sleep(_WRITTEN)
            self._read_rest(node)
            self.read_events(node)
            self._lost[node] = self._lost.get(node, 0) + self.rings[node].lost()
            self.rings.pop(node).close()
            self.listeners.pop(node).close()

    def close(self) -> None:
        """Closes all rings and listeners."""
        with suppress(OSError):
            self._opened()
        side_by_side([ring.close for ring in self.rings.values()])()
        for listener in self.listeners.values():
            listener.close()
        self.rings.clear()
        self.listeners.clear()


def side_by_side(calls: list[Callable[[], None]]) -> Callable[[], None]:
    """Starts the calls in threads: each one waits for all processors (synchronize_net), but together they wait no longer than
    one alone. The returned function waits until all are done, and raises the first OSError."""
    from concurrent.futures import ThreadPoolExecutor  # slow to load, and not needed before the first capture

    pool = ThreadPoolExecutor(min(64, max(1, len(calls))))
    futures = [pool.submit(call) for call in calls]

    def wait() -> None:
        pool.shutdown()
        for future in futures:
            future.result()

    return wait
