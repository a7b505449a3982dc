"""A TPACKET_V3 ring: every frame of one network namespace, in blocks that the kernel fills. It reads no frame.

Sources: packet(7), Documentation/networking/packet_mmap.rst, linux/if_packet.h.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
from collections.abc import Iterator

_SOL_PACKET, _RX_RING, _STATISTICS, _VERSION = 263, 5, 6, 10
_TPACKET_V3, _ETH_P_ALL, _FRAME = 2, 3, 2048
_STATUS, _COUNT = 8, 12  # in struct tpacket_block_desc; the first frame's offset and the block's length follow them
_USER = 1
_BLOCK = 256 << 10
_SO_ATTACH_FILTER = 26
_KEEP_NOTHING = struct.pack("=HBBI", 0x06, 0, 0, 0)  # BPF_RET: keep 0 bytes (linux/filter.h)
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Ring:
    """Sees all interfaces of the namespace that the thread is in when it is made, both directions.

    `room`: bytes of kernel memory, at least two pages. `block_ms`: a block that is not full is handed over after so long.
    `program`: a classic BPF program, an array of struct sock_filter; only frames that it keeps come into the ring. Empty: all.
    """

    def __init__(self, room: int, block_ms: int, program: bytes = b"") -> None:
        # A large block wakes the reader seldom. But a timer hands over blocks that are nearly empty, and a reader that
        # is late needs blocks left. One of 64 KiB or more holds the largest frame of a loopback.
        self._block = min(_BLOCK, max(mmap.PAGESIZE, 1 << (room // 8).bit_length() - 1))
        self._blocks = max(2, room // self._block)
        self._block_ms = block_ms
        self._memory: mmap.mmap | None = None
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._next = 0
        if program:
            self._filter(program)

    def _filter(self, program: bytes) -> None:
        instructions = ctypes.create_string_buffer(program, len(program))
        length = len(program) // len(_KEEP_NOTHING)
        self._socket.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", length, ctypes.addressof(instructions))
        )

    def open(self) -> None:
        """Gets the memory. It may be called in any thread, whatever namespace that is in, and waits for all processors
        (synchronize_net): open many side by side. OSError where the kernel has no memory for it."""
        self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        frames = self._block * self._blocks // _FRAME
        request = struct.pack("=7I", self._block, self._blocks, _FRAME, frames, self._block_ms, 0, 0)
        # Python's own setsockopt keeps the other threads from running meanwhile.
        _check(_libc.setsockopt(self._socket.fileno(), _SOL_PACKET, _RX_RING, request, len(request)))

    def begin(self) -> None:
        """Begins to capture: binds to every interface, which Python's own bind cannot say (packet(7), sll_ifindex 0)."""
        self._memory = mmap.mmap(self._socket.fileno(), self._block * self._blocks)
        self._memory.madvise(mmap.MADV_DONTFORK)  # a server that the agent forks must not keep it alive
        self._view = memoryview(self._memory)
        address = struct.pack("=H", socket.AF_PACKET) + struct.pack(">H", _ETH_P_ALL) + bytes(16)
        _check(_libc.bind(self._socket.fileno(), address, len(address)))

    def fileno(self) -> int:
        """For select and its like: readable when a block is ready."""
        return self._socket.fileno()

    def blocks(self, most: int = 64) -> Iterator[memoryview]:
        """The blocks that are ready, in order. Each lies in the ring itself and goes back to the kernel when the next one is
        asked for."""
        for _ in range(most):
            start = self._next * self._block
            status, _, _, length = struct.unpack_from("=4I", self._view, start + _STATUS)
            if not status & _USER:
                return
            with self._view[start : start + length] as block:
                yield block
            struct.pack_into("=I", self._view, start + _STATUS, 0)
            self._next = (self._next + 1) % self._blocks

    def state(self) -> tuple[int, int, int]:
        """Something that changes with each frame. The last number is 0 where no frame waits, be it in a block that is ready or
        in the one that is being filled."""
        status, count = struct.unpack_from("=2I", self._view, self._next * self._block + _STATUS)
        return self._next, status, count

    def hush(self) -> None:
        """Ends the capture, at once and without waiting; what has been captured can still be read."""
        self._filter(_KEEP_NOTHING)

    def rest(self) -> bytes:
        """A copy of the block that the kernel is still filling, so far; empty where no frame is in it. Only after `hush`, and
        when no frame has come for some milliseconds: else the last one may not be there as a whole."""
        start = self._next * self._block
        count, _, length = struct.unpack_from("=3I", self._view, start + _COUNT)
        return bytes(self._view[start : start + length]) if count else b""

    def lost(self) -> int:
        """How many frames found no room since the last call."""
        said = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        return int(struct.unpack("=III", said)[1])

    def close(self) -> None:
        """Gives the memory back. It waits for all processors, as `open` does."""
        if self._memory is not None:
            self._view.release()
            self._memory.close()
        self._socket.close()
