"""A capture: a ring and a listener in each of some nodes, from a beginning to a quiet end. It reads no frame."""

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
"""Through these all traffic goes: they get more of the memory than a container."""
_BLOCK_MS = 50
"""A frame waits no longer than this in a block that does not fill: what is looked at live is never older."""
_QUIET, _PATIENCE = 0.010, 0.5


class Watch:
    """Captures in `stacks`. `frames` gets a node and a ring block, which it may keep only as a copy; `events` the events,
    in the order in which they come.

    The listeners hear at once, the rings capture from `begin` on. `megabytes` of ring memory are shared by all nodes.
    `program`: a BPF program that chooses the frames; empty: all.
    CnetkitError where the kernel has no room for the rings; then nothing is left open.
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
        self.rings: dict[str, Ring] = {}
        self.listeners: dict[str, Listener] = {}
        self._lost: dict[str, int] = {}
        nodes = list(stacks)
        shares = {stack.name: _SHARES.get(stack.kind, 1) for stack in nodes}
        share = (megabytes << 20) // max(1, sum(shares.values()))
        self._opened: Callable[[], None] = lambda: None
        with self._whole():
            for stack in nodes:
                stack.enter()
                self.rings[stack.name] = Ring(min(_MOST, max(_LEAST, share * shares[stack.name])), _BLOCK_MS, program)
            self._opened = side_by_side([ring.open for ring in self.rings.values()])
            for stack in nodes:
                self.listeners[stack.name] = Listener(stack, verdicts)

    def begin(self) -> None:
        """Waits until all rings have their memory, and captures. CnetkitError as above."""
        with self._whole():
            self._opened()
            for ring in self.rings.values():
                ring.begin()

    @contextmanager
    def _whole(self) -> Iterator[None]:
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
        """What to watch for a node: first its frames' descriptor, then its events' two."""
        listener = self.listeners[node]
        return self.rings[node].fileno(), listener.route.fileno(), listener.filter.fileno()

    def read_frames(self, node: str) -> bool:
        """Hands over the blocks that are ready in a node; says whether there were any."""
        some = False
        for block in self.rings[node].blocks():
            self._frames(node, block)
            some = True
        return some

    def read_events(self, node: str) -> bool:
        """Hands over what a node's kernel has said; says whether there was anything."""
        found = self.listeners[node].read()
        if found:
            self._events(found)
        return bool(found)

    def settle(self) -> None:
        """Reads on until nothing has come for some milliseconds, or half a second has passed; then ends the capture in all
        rings and hands over what is left in them."""
        quiet = self._wait(lambda since: since >= _QUIET, _PATIENCE)
        for ring in self.rings.values():
            ring.hush()
        if not quiet:  # a frame may just be on its way into its block: the kernel's timer knows when it is there
            self._wait(lambda _: not any(ring.state()[-1] for ring in self.rings.values()), _PATIENCE)
        for node, ring in self.rings.items():
            self.read_frames(node)
            if rest := ring.rest():
                self._frames(node, rest)

    def _wait(self, over: Callable[[float], bool], patience: float) -> bool:
        """Reads on until `over`, which is told for how many seconds nothing has come; False where `patience` ran out."""
        poll = select.poll()
        for fd in (fd for node in self.rings for fd in self.descriptors(node)):
            poll.register(fd, select.POLLIN)
        last: list[tuple[int, int, int]] = []
        since = time.monotonic()
        end = since + patience
        while (now := time.monotonic()) < end:
            some = [self.read_frames(node) for node in self.rings] + [self.read_events(node) for node in self.listeners]
            states = [ring.state() for ring in self.rings.values()]
            if any(some) or states != last:
                since, last = now, states
            if over(now - since):
                return True
            poll.poll(2)
        return False

    def losses(self) -> list[Loss]:
        """What the kernel could not keep, so far."""
        for node, ring in self.rings.items():
            self._lost[node] = self._lost.get(node, 0) + ring.lost()
        frames = [Loss(node, "frames", count) for node, count in self._lost.items() if count]
        return frames + [loss for one in self.listeners.values() for loss in one.losses()]

    def leave(self, node: str) -> None:
        """Stops watching one node, which is going away; what its rings held has been handed over."""
        if node in self.rings:
            self.read_frames(node)
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
    """Begins the calls in threads: each waits for all processors, and together they wait no longer than one. What is given
    back waits until all are done, and raises the first OSError of any."""
    from concurrent.futures import ThreadPoolExecutor  # not needed to start with, and slow to load

    pool = ThreadPoolExecutor(min(64, max(1, len(calls))))
    done = [pool.submit(call) for call in calls]

    def wait() -> None:
        pool.shutdown()
        for one in done:
            one.result()

    return wait
