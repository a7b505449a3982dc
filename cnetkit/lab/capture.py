"""A capture of a running lab: a `with` block, whose trace is complete when the block ends.

It collects what the agent sends and explains nothing: `cnetkit.trace` does.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from cnetkit import protocol as p
from cnetkit.model import SUBJECTS, CnetkitError, Event, Interface, Loss, Topology
from cnetkit.recording.blocks import frames_from_blocks
from cnetkit.recording.frames import Frames, Tap
from cnetkit.recording.recording import Recording
from cnetkit.trace import Trace
from cnetkit.trace.query.recent import LEAD_S, UNDERWAY_S

if TYPE_CHECKING:
    from cnetkit.recording.scapy_socket import ScapySocket
    from cnetkit.sandbox import Sandbox


SLACK_S = 0.1
"""How long after its newest frame a block arrives at the latest, as a rule: earlier blocks hold no frames of the window."""


class LiveCapture:
    """Runs during the `with` block. The block's variable is the Trace.

    Inside the block `trace.so_far()` is everything captured up to then, `trace.so_far(1)` only the last second.
    """

    def __init__(self, sandbox: Sandbox, request: p.Capture, name: str, label: str) -> None:
        self._sandbox, self._request = sandbox, request
        self._name, self._label = name, label
        self._blocks: list[tuple[str, bytes]] = []
        self._arrived: list[int] = []
        """When each block arrived, by the frames' clock."""
        self._events: list[Event] = []
        self._lasting: list[Event] = []
        """The events that are about more than one packet."""
        self._topologies: list[Topology] = []
        self._partly_ns: list[tuple[int, int]] = []
        self._recording: Recording | None = None

    def __enter__(self) -> Trace:
        self._sandbox.listen("capture", self._request.capture, self._received)
        before = self._sandbox.request(self._request, p.Captured)
        self._topologies.append(before.topology)
        self._partly_ns.append(before.partly_ns)
        return Trace(self._result, self._so_far)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            after = self._sandbox.request(p.EndCapture(self._request.capture), p.Captured)
        except CnetkitError as failure:
            broken = self._recorded(self._blocks, self._events, ())
            self._recording = replace(
                broken, warnings=(*broken.warnings, f"the capture ended early, and losses are unknown: {failure}")
            )
            if error is None:
                raise
            return  # the error in the block matters more
        finally:
            self._sandbox.stop_listening("capture", self._request.capture)
        if after.before is not None:
            self._topologies[0] = after.before
        self._topologies.append(after.topology)
        self._partly_ns.append(after.partly_ns)
        self._recording = self._recorded(self._blocks, self._events, tuple(after.losses))
        self._blocks.clear()

    def _received(self, message: p.Message) -> None:
        match message:
            case p.FrameBlock(node=node, data=data):
                self._blocks.append((node, data))
                self._arrived.append(time.time_ns())
            case p.Events(events=events):
                typed = [_typed(event) for event in events]
                self._events += typed
                self._lasting += (event for event in typed if event.kind != "verdict")

    def _recorded(self, blocks: list[tuple[str, bytes]], events: list[Event], losses: tuple[Loss, ...]) -> Recording:
        return Recording(
            frames=_outside(self._partly_ns, frames_from_blocks(blocks, _taps(self._topologies, events))),
            topologies=tuple(self._topologies),
            events=tuple(events),
            losses=losses,
            name=self._name,
            kernel=self._sandbox.welcome.kernel,
            replayed=self._label,
            captured=tuple(self._request.nodes),
            filter=self._request.filter,
        )

    def _so_far(self, seconds: float | None) -> tuple[Recording, int]:
        """What was captured so far, and up to which time it is complete. With `seconds` only that much, and a little more.

        The rings pass on their frames within 10 ms. Losses are counted when the capture ends.
        """
        until_ns = time.time_ns() - int(UNDERWAY_S * 1e9)
        count = len(self._arrived)  # a block is added to its list before its time is
        if seconds is None:
            return self._recorded(self._blocks[:count], list(self._events), ()), until_ns
        newest = self._arrived[count - 1] if count else 0
        begin_ns = newest - int((seconds + LEAD_S + SLACK_S) * 1e9)
        begin = bisect_left(self._arrived, begin_ns, hi=count)
        late = bisect_left(self._events, begin_ns, key=lambda event: event.time_ns)
        events = [event for event in self._lasting if event.time_ns < begin_ns] + self._events[late:]
        return self._recorded(self._blocks[begin:count], events, ()), until_ns

    def _result(self) -> Recording:
        if self._recording is None:
            raise CnetkitError("the capture still runs: use trace.so_far(), or wait for the end of its 'with' block")
        return self._recording


def _outside(partly_ns: list[tuple[int, int]], frames: Frames) -> Frames:
    """The frames of the time in which all nodes were captured: of the others a packet's hops would be missing here and there."""
    kept = np.ones(len(frames), bool)
    for first_ns, last_ns in partly_ns:
        kept &= (frames.time_ns < first_ns) | (frames.time_ns >= last_ns)
    return frames if kept.all() else frames.take(np.flatnonzero(kept))


def _taps(topologies: Sequence[Topology], events: Iterable[Event] = ()) -> dict[tuple[str, int], Tap]:
    """The taps by node and index, also of interfaces that no topology has because they were made and removed in between. An
    interface that was renamed has the last name that it had while it was up: engines rename what they make and remove."""
    appeared = (event.subject for event in events if event.kind == "node")
    seen = [(topology.time_ns, one) for topology in (*topologies, *appeared) for one in topology.interfaces]
    seen += [(event.time_ns, event.subject) for event in events if isinstance(event.subject, Interface)]
    named = [(one.up, time_ns, one) for time_ns, one in seen if one.name]
    return {(one.node, one.index): Tap(one.node, one.name) for *_, one in sorted(named, key=itemgetter(0, 1))}


def scapy_socket(sandbox: Sandbox, node: str, sender: str, receiver: str, number: int) -> ScapySocket:
    """A scapy socket: it receives the frames of the interface `receiver` (empty: of all) and sends through `sender`."""
    from cnetkit.recording.scapy_socket import ScapySocket

    started = sandbox.request(p.Capture(number, [node], verdicts=False), p.Captured)

    def send(frame: bytes) -> None:
        sandbox.request(p.Send(node, sender, frame), p.Done)

    def end() -> None:
        sandbox.stop_listening("capture", number)
        if not sandbox.closed:
            sandbox.request(p.EndCapture(number), p.Captured)

    opened = ScapySocket(receiver, _taps([started.topology]), send, end)

    def received(message: p.Message) -> None:
        if isinstance(message, p.FrameBlock):
            opened.feed(message.node, message.data)

    sandbox.listen("capture", number, received)
    return opened


def _typed(event: Event) -> Event:
    """The event with its subject, which arrives as plain data, as an object of the model."""
    kind = SUBJECTS.get(event.kind)
    if kind is None or isinstance(event.subject, kind):
        return event
    return Event(event.time_ns, event.node, event.kind, event.action, msgspec.convert(event.subject, kind))
