"""A capture: a ring and a listener in each of some nodes, from a beginning to a quiet end. It reads no frame."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable

from cnetkit.kernel.events import Listener
from cnetkit.kernel.ring import Ring
from cnetkit.kernel.stacks import Stack
from cnetkit.model import CnetkitError, Event, Loss

_LEAST, _MOST = 32 << 10, 32 << 20
_SHARES = {"host": 4, "router": 4}
"""Through these all traffic goes: they get more of the memory than a container."""
_QUIET, _PATIENCE = 0.008, 0.5


class Watch:
    """Captures in `stacks`. `frames` gets a node and a ring block, `events` the events, in the order in which they come.

    `megabytes` of ring memory are shared by all nodes. CnetkitError where the kernel has no room for the rings; then
    nothing is left open.
    """

    def __init__(
        self,
        stacks: Iterable[Stack],
        verdicts: bool,
        megabytes: int,
        frames: Callable[[str, bytes], None],
        events: Callable[[list[Event]], None],
    ) -> None:
        self._frames, self._events = frames, events
        self.rings: dict[str, Ring] = {}
        self.listeners: dict[str, Listener] = {}
        self._lost: dict[str, int] = {}
        nodes = list(stacks)
        shares = {stack.name: _SHARES.get(stack.kind, 1) for stack in nodes}
        share = (megabytes << 20) // max(1, sum(shares.values()))
        patience = 10 if len(nodes) <= 100 else 60
        try:
            for stack in nodes:
                stack.enter()
                self.listeners[stack.name] = Listener(stack, verdicts)
                stack.enter()
                self.rings[stack.name] = Ring(min(_MOST, max(_LEAST, share * shares[stack.name])), patience)
            _side_by_side([ring.open for ring in self.rings.values()])
        except OSError as error:
            self.close()
            raise CnetkitError(
                f"the kernel refused a capture in {stack.name}: {error.strerror}; "
                "capture in fewer nodes, or with fewer megabytes"
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
        """Reads on until no ring holds a frame and nothing came for some milliseconds, or half a second has passed."""
        end = time.monotonic() + _PATIENCE
        quiet_since = time.monotonic()
        poll = select.poll()
        for fd in (fd for node in self.rings for fd in self.descriptors(node)):
            poll.register(fd, select.POLLIN)
        while (now := time.monotonic()) < end:
            some = [self.read_frames(node) for node in self.rings] + [self.read_events(node) for node in self.listeners]
            if any(some) or any(ring.pending() for ring in self.rings.values()):
                quiet_since = now
            elif now - quiet_since >= _QUIET:
                return
            poll.poll(2)

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
        _side_by_side([ring.close for ring in self.rings.values()])
        for listener in self.listeners.values():
            listener.close()
        self.rings.clear()
        self.listeners.clear()


def _side_by_side(calls: list[Callable[[], None]]) -> None:
    """Makes the calls in threads: each waits for all processors, and together they wait no longer than one. The first
    OSError of any is raised when all are done."""
    from concurrent.futures import ThreadPoolExecutor  # not needed to start with, and slow to load

    with ThreadPoolExecutor(min(64, max(1, len(calls)))) as pool:
        for done in [pool.submit(call) for call in calls]:
            done.result()
