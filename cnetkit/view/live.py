"""What keeps a viewer up to date while something runs: a capture that is followed, or a network that is being built.

It asks again and again, in a thread of its own, and only while somebody looks. It works a third of the time at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from cnetkit.model import CnetkitError
from cnetkit.view import scene

if TYPE_CHECKING:
    from cnetkit.model import Topology
    from cnetkit.trace.trace import Trace
    from cnetkit.view.widget import Viewer

FOLLOWED, COUNTED = 0.5, 0.25
"""Seconds between two looks at a capture, and at a network in which nothing changes but its counters."""
IDLE = 2
"""Work that took long is followed by a pause so many times as long."""


class Pulse(threading.Thread):
    """Calls `beat` again and again, after as many seconds as it says, until it says None, cannot go on, or `stop` is called."""

    def __init__(self, beat: Callable[[], float | None]) -> None:
        super().__init__(name="cnetkit view", daemon=True)
        self._beat = beat
        self._over = threading.Event()

    def run(self) -> None:
        """Beats."""
        pause: float | None = 0.0
        while pause is not None and not self._over.wait(pause):
            try:
                pause = self._beat()
            except CnetkitError:
                return  # the lab has ended

    def stop(self) -> None:
        """Ends it."""
        self._over.set()


def follow(trace: Trace, viewer: Viewer) -> Pulse:
    """Shows the last second of a running capture, and the whole trace when it has ended."""

    def beat() -> float | None:
        began = time.monotonic()
        if not trace.running:
            viewer.draw(scene.of_trace(trace, on_request=True))
            return None
        if viewer.looked_at:
            viewer.draw(scene.of_part(trace))
        return max(FOLLOWED, IDLE * (time.monotonic() - began))

    pulse = Pulse(beat)
    pulse.start()
    return pulse


class NetworkUpdates:
    """Shows each change of a network, and what passes its interfaces. `now` gives the network as soon as it has changed, or
    `COUNTED` seconds later; None when it is gone."""

    def __init__(self, viewer: Viewer, now: Callable[[], Topology | None], drawn: Topology, title: str) -> None:
        self._viewer, self._now, self._drawn, self._title = viewer, now, drawn, title
        self._counted = 0.0

    def beat(self) -> float | None:
        """Looks once. The seconds to pause; None when there is nothing more to see."""
        if not self._viewer.looked_at:
            return COUNTED
        seen = self._now()
        if seen is None:
            return None
        began = time.monotonic()
        if _shape(seen) != _shape(self._drawn):
            self._drawn = seen
            self._viewer.draw(scene.of_topology(seen, self._title))
        now = time.monotonic()
        if now - self._counted >= COUNTED:
            seconds = now - self._counted if self._counted else COUNTED
            self._counted = now
            self._viewer.send({"is": "counts", "packets": counts(seen), "seconds": seconds})
        return IDLE * (time.monotonic() - began)


def counts(topology: Topology) -> list[list[int]]:
    """For each interface of the scene the packets that came in and went out."""
    found = []
    for one in topology.interfaces:
        if one.kind != "loopback":
            counters = topology.counters.get(one.node, {})
            found.append([counters.get(f"{one.name}.{way}_packets", 0) for way in ("rx", "tx")])
    return found


def _shape(topology: Topology) -> tuple[object, ...]:
    """What is drawn of a network."""
    remotes = {(one.node, one.interface, one.remote) for one in topology.forwarding if one.remote}
    nodes = [(one.name, one.kind, one.host) for one in topology.nodes]
    return nodes, topology.interfaces, topology.links, remotes
