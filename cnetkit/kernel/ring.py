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
_STATUS, _COUNT, _LENGTH = 8, 12, 20  # where they stand in struct tpacket_block_desc
_USER = 1
_BLOCK = 64 << 10
_libc = ctypes.CDLL(None, use_errno=True)


class Ring:
    """Sees all interfaces of the namespace that the thread is in when it is made, both directions.

    `room`: bytes of kernel memory, at least two pages. `block_ms`: a block that is not full is handed over after so long.
    """

    def __init__(self, room: int, block_ms: int) -> None:
        # Many small blocks: a timer hands over blocks that are nearly empty, and a reader that is late needs blocks left.
        # One of 64 KiB still holds the largest frame of a loopback.
        self._block = min(_BLOCK, max(mmap.PAGESIZE, 1 << (room // 8).bit_length() - 1))
        self._blocks = max(2, room // self._block)
        self._block_ms = block_ms
        self._memory: mmap.mmap | None = None
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._next = 0

    def open(self) -> None:
        """Begins to capture. It may be called in any thread, whatever namespace that is in, and waits for all processors
        (synchronize_net): open many side by side. OSError where the kernel has no memory for it."""
        try:
            self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
            frames = self._block * self._blocks // _FRAME
            request = struct.pack("=7I", self._block, self._blocks, _FRAME, frames, self._block_ms, 0, 0)
            self._socket.setsockopt(_SOL_PACKET, _RX_RING, request)
            self._memory = mmap.mmap(self._socket.fileno(), self._block * self._blocks)
            self._memory.madvise(mmap.MADV_DONTFORK)  # a server that the agent forks must not keep it alive
            self._bind()
        except OSError:
            self._socket.close()
            raise

    def _bind(self) -> None:
        """Binds to every interface, which Python's own bind cannot say (packet(7), sll_ifindex 0)."""
        address = struct.pack("=H", socket.AF_PACKET) + struct.pack(">H", _ETH_P_ALL) + bytes(16)
        if _libc.bind(self._socket.fileno(), address, len(address)):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def fileno(self) -> int:
        """For select and its like: readable when a block is ready."""
        return self._socket.fileno()

    def blocks(self, most: int = 64) -> Iterator[bytes]:
        """Copies out the blocks that are ready, in order, and gives them back to the kernel."""
        memory = self._memory
        assert memory is not None  # noqa: S101 - it is open
        for _ in range(most):
            start = self._next * self._block
            if not struct.unpack_from("=I", memory, start + _STATUS)[0] & _USER:
                return
            length = struct.unpack_from("=I", memory, start + _LENGTH)[0]
            copied = memory[start : start + length]
            struct.pack_into("=I", memory, start + _STATUS, 0)
            self._next = (self._next + 1) % self._blocks
            yield copied

    def pending(self) -> bool:
        """Whether frames wait in a block, be it ready or still being filled."""
        memory = self._memory
        assert memory is not None  # noqa: S101 - it is open
        start = self._next * self._block
        status, count = struct.unpack_from("=II", memory, start + _STATUS)
        return bool(status & _USER or count)

    def lost(self) -> int:
        """How many frames found no room since the last call."""
        said = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        return int(struct.unpack("=III", said)[1])

    def close(self) -> None:
        """Gives the memory back."""
        if self._memory is not None:
            self._memory.close()
        self._socket.close()
