"""A TPACKET_V3 packet ring: the frames of one network namespace, in blocks that the kernel fills. It reads no frame.

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
    """Captures on all interfaces, both directions, of the namespace that the thread is in when it is made.

    `room`: bytes of kernel memory, at least two pages. `block_ms`: the kernel hands over a block after this time even if it
    is not full. `program`: a classic BPF program (an array of struct sock_filter) that selects frames; empty: all frames.
    """

    def __init__(self, room: int, block_ms: int, program: bytes = b"") -> None:
        # A large block wakes the reader less often. But the timer also hands over blocks that are nearly empty, and a late
        # reader needs spare blocks. A block of 64 KiB or more holds the largest frame of a loopback.
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
        """Allocates the ring. May be called in any thread, in any namespace. It waits for all processors (synchronize_net), so
        open many rings in parallel. OSError if the kernel has no memory for it."""
        self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        frames = self._block * self._blocks // _FRAME
        request = struct.pack("=7I", self._block, self._blocks, _FRAME, frames, self._block_ms, 0, 0)
        # Python's own setsockopt would hold the interpreter lock meanwhile.
        _check(_libc.setsockopt(self._socket.fileno(), _SOL_PACKET, _RX_RING, request, len(request)))

    def begin(self) -> None:
        """Starts capturing: binds to all interfaces, which Python's own bind cannot express (packet(7), sll_ifindex 0)."""
        self._memory = mmap.mmap(self._socket.fileno(), self._block * self._blocks)
        self._memory.madvise(mmap.MADV_DONTFORK)  # a server forked by the agent must not keep the ring alive
        self._view = memoryview(self._memory)
        address = struct.pack("=H", socket.AF_PACKET) + struct.pack(">H", _ETH_P_ALL) + bytes(16)
        _check(_libc.bind(self._socket.fileno(), address, len(address)))

    def fileno(self) -> int:
        """For select and its like: readable when a block is ready."""
        return self._socket.fileno()

    def blocks(self, most: int = 64) -> Iterator[memoryview]:
        """The blocks that are ready, in order, at most `most`. Each is a view of the ring itself, valid until the next one is
        requested."""
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
        """A value that changes with each frame. Its last number is 0 if no frame waits, neither in a ready block nor in the one
        that the kernel is filling."""
        status, count = struct.unpack_from("=2I", self._view, self._next * self._block + _STATUS)
        return self._next, status, count

    def stop(self) -> None:
        """Stops capturing, at once and without waiting. Captured frames can still be read."""
        self._filter(_KEEP_NOTHING)

    def remainder(self) -> bytes:
        """A copy of what is in the block that the kernel is filling; empty if there is no frame. Call it only after `stop`, and
        when no frame has arrived for some milliseconds: otherwise the last frame may be incomplete."""
        start = self._next * self._block
        count, _, length = struct.unpack_from("=3I", self._view, start + _COUNT)
        return bytes(self._view[start : start + length]) if count else b""

    def lost(self) -> int:
        """How many frames the kernel dropped because the ring was full, since the last call."""
        statistics = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        return int(struct.unpack("=III", statistics)[1])

    def close(self) -> None:
        """Frees the ring. It waits for all processors, as `open` does."""
        if self._memory is not None:
            self._view.release()
            self._memory.close()
        self._socket.close()
