"""A capture as a learner uses it: a `with` block whose trace is complete when the block ends."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

import cnetkit.view  # noqa: F401 - a trace that is made is there to be shown
from cnetkit import protocol as p
from cnetkit.model import SUBJECTS, CnetkitError, Event, Topology
from cnetkit.recording.blocks import frames_from_blocks
from cnetkit.recording.frames import Tap
from cnetkit.recording.recording import Recording
from cnetkit.trace import Trace

if TYPE_CHECKING:
    from cnetkit.recording.scapy_socket import ScapySocket
    from cnetkit.sandbox import Sandbox


class Capture:
    """Begins with the `with` block and ends with it. The block's variable is the Trace."""

    def __init__(self, sandbox: Sandbox, request: p.Capture, name: str, label: str) -> None:
        self._sandbox, self._request = sandbox, request
        self._name, self._label = name, label
        self._blocks: list[tuple[str, bytes]] = []
        self._events: list[Event] = []
        self._topologies: list[Topology] = []
        self._recording: Recording | None = None

    def __enter__(self) -> Trace:
        self._sandbox.listen("capture", self._request.capture, self._received)
        before = self._sandbox.request(self._request, p.Captured)
        self._topologies.append(before.topology)
        return Trace(self._result)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            after = self._sandbox.request(p.EndCapture(self._request.capture), p.Captured)
        except CnetkitError:
            if error is None:
                raise
            return  # what went wrong in the block matters more
        finally:
            self._sandbox.deafen("capture", self._request.capture)
        self._topologies.append(after.topology)
        taps = {
            (one.node, one.index): Tap(one.node, one.name)
            for topology in self._topologies
            for one in topology.interfaces
        }
        self._recording = Recording(
            frames=frames_from_blocks(self._blocks, taps),
            topologies=tuple(self._topologies),
            events=tuple(_typed(event) for event in self._events),
            losses=tuple(after.losses),
            name=self._name,
            kernel=self._sandbox.welcome.kernel,
            replayed=self._label,
        )
        self._blocks.clear()

    def _received(self, message: p.Message) -> None:
        match message:
            case p.FrameBlock(node=node, data=data):
                self._blocks.append((node, data))
            case p.Events(events=events):
                self._events.extend(events)

    def _result(self) -> Recording:
        if self._recording is None:
            raise CnetkitError("the capture is not over yet: the trace is there when its 'with' block has ended")
        return self._recording


def _taps(*topologies: Topology) -> dict[tuple[str, int], Tap]:
    return {(one.node, one.index): Tap(one.node, one.name) for topology in topologies for one in topology.interfaces}


def scapy_socket(sandbox: Sandbox, node: str, sender: str, seen: str, number: int) -> ScapySocket:
    """A capture of one node for scapy: frames at the interface `seen` (all where it is empty), sent at `sender`."""
    from cnetkit.recording.scapy_socket import ScapySocket

    begun = sandbox.request(p.Capture(number, [node], verdicts=False), p.Captured)

    def send(frame: bytes) -> None:
        sandbox.request(p.Send(node, sender, frame), p.Done)

    def end() -> None:
        sandbox.deafen("capture", number)
        if not sandbox.closed:
            sandbox.request(p.EndCapture(number), p.Captured)

    opened = ScapySocket(seen, _taps(begun.topology), send, end)

    def received(message: p.Message) -> None:
        if isinstance(message, p.FrameBlock):
            opened.feed(message.node, message.data)

    sandbox.listen("capture", number, received)
    return opened


def _typed(event: Event) -> Event:
    """An event whose subject, which travelled as plain data, is the model's noun again."""
    kind = SUBJECTS.get(event.kind)
    if kind is None or isinstance(event.subject, kind):
        return event
    return Event(event.time_ns, event.node, event.kind, event.action, msgspec.convert(event.subject, kind))
