"""A running capture of one node as a scapy SuperSocket, so that scapy's own sniff, sr1 and the like work on it.

Frames are passed in and out by its owner. Importing this module loads scapy, which takes a second.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

from scapy.config import conf
from scapy.packet import Packet, Raw
from scapy.supersocket import SuperSocket

from cnetkit.recording.blocks import frames_from_blocks
from cnetkit.recording.frames import LINKTYPE_ETHERNET, Tap


class ScapySocket(SuperSocket):
    """Receives each frame that is captured at `interface` of a node (at all of them if empty), in ring order.

    `send_frame` sends bytes at the interface; `end` ends the capture. Packets have their `time`, their `direction` (1
    in, 2 out, as in pcapng), and as their comment where they were captured, `node/ifname`, because scapy uses
    `sniffed_on` itself.
    """

    desc = "frames of one node of a lab"

    def __init__(
        self,
        interface: str,
        taps: dict[tuple[str, int], Tap],
        send_frame: Callable[[bytes], None],
        end: Callable[[], None],
    ) -> None:
        self._interface, self._taps = interface, taps
        self._send_frame, self._end = send_frame, end
        self._queue: deque[tuple[Packet, bytes, float]] = deque()
        self._lock = threading.Lock()
        self._reading, self._writing = os.pipe()
        self.closed = False

    def fileno(self) -> int:
        """For select: readable while a frame waits."""
        return self._reading

    def feed(self, node: str, block: bytes) -> None:
        """Accepts a ring block of the node."""
        frames = frames_from_blocks([(node, block)], self._taps)
        for number in range(len(frames)):
            tap = frames.taps[frames.tap[number]]
            if self._interface in ("", tap.interface):
                self._put(tap, frames.bytes_of(number), int(frames.time_ns[number]), int(frames.direction[number]))

    def _put(self, tap: Tap, data: bytes, time_ns: int, direction: int) -> None:
        layer = conf.l2types.num2layer.get(tap.linktype if tap.linktype != LINKTYPE_ETHERNET else 1, Raw)
        packet = _dissected(layer, data)
        packet.time = time_ns / 1e9
        packet.comments = [f"{tap.node}/{tap.interface}".encode()]
        packet.direction = direction
        with self._lock:
            if self.closed:
                return
            if not self._queue:
                os.write(self._writing, b"!")
            self._queue.append((packet, data, packet.time))

    def recv(self, x: int = 65535, **kwargs: object) -> Packet | None:
        """The next frame as a packet; waits for one."""
        if not self._queue:
            os.read(self._reading, 1)
            with self._lock:
                os.write(self._writing, b"!")
        with self._lock:
            if not self._queue:
                return None
            packet, _, _ = self._queue.popleft()
            if not self._queue:
                os.read(self._reading, 1)
        return packet

    def send(self, x: Packet) -> int:
        """Sends a packet at the interface unchanged."""
        data = bytes(x)
        self._send_frame(data)
        return len(data)

    def close(self) -> None:
        """Ends the capture."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        self._end()
        os.close(self._reading)
        os.close(self._writing)


def _dissected(layer: type[Packet], data: bytes) -> Packet:
    try:
        return layer(data)
    except Exception:  # a dissector may fail on any hostile byte
        return Raw(data)
