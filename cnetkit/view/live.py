"""Updates a viewer while something runs: a capture in progress, or a network that is being built.

Polls in a thread of its own, only while the viewer is visible, and works at most a third of the time.
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
"""Seconds between two updates from a capture, and from a network in which only counters change."""
IDLE = 2
"""After an update, pause at least this many times as long as it took."""


class Pulse(threading.Thread):
    """Calls `beat` repeatedly, after the number of seconds it returns, until it returns None, fails, or `stop` is
    called."""

    def __init__(self, beat: Callable[[], float | None]) -> None:
        super().__init__(name="cnetkit view", daemon=True)
        self._beat = beat
        self._over = threading.Event()

    def run(self) -> None:
        """Runs the loop."""
        pause: float | None = 0.0
        while pause is not None and not self._over.wait(pause):
            try:
                pause = self._beat()
            except CnetkitError:
                return  # the lab has ended

    def stop(self) -> None:
        """Ends the loop."""
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
    """Shows each change of a network, and the traffic at its interfaces. `now` returns the network as soon as it has
    changed, or `COUNTED` seconds later; None when it has ended."""

    def __init__(self, viewer: Viewer, now: Callable[[], Topology | None], drawn: Topology, title: str) -> None:
        self._viewer, self._now, self._drawn, self._title = viewer, now, drawn, title
        self._counted = 0.0

    def beat(self) -> float | None:
        """One update. Returns the seconds to pause, or None when there is nothing more to show."""
        if not self._viewer.looked_at:
            return COUNTED
        current = self._now()
        if current is None:
            return None
        began = time.monotonic()
        if _shape(current) != _shape(self._drawn):
            self._drawn = current
            self._viewer.draw(scene.of_topology(current, self._title))
        now = time.monotonic()
        if now - self._counted >= COUNTED:
            seconds = now - self._counted if self._counted else COUNTED
            self._counted = now
            self._viewer.send({"is": "counts", "packets": counts(current), "seconds": seconds})
        return IDLE * (time.monotonic() - began)


def counts(topology: Topology) -> list[list[int]]:
    """For each interface of the scene the numbers of received and sent packets."""
    rows = []
    for interface in topology.interfaces:
        if interface.kind != "loopback":
            counters = topology.counters.get(interface.node, {})
            rows.append([counters.get(f"{interface.name}.{way}_packets", 0) for way in ("rx", "tx")])
    return rows


def _shape(topology: Topology) -> tuple[object, ...]:
    """The parts of a network that are drawn."""
    remotes = {(entry.node, entry.interface, entry.remote) for entry in topology.forwarding if entry.remote}
    nodes = [(entry.name, entry.kind, entry.host) for entry in topology.nodes]
    return nodes, topology.interfaces, topology.links, remotes
