"""A netlink socket: batches of acknowledged messages, dumps, single questions, multicast groups.

It knows no message's meaning. Sources: netlink(7), linux/netlink.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Sequence

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import HEADER, attributes, split

_BUFFER = bytearray(1 << 18)
"""Shared receive buffer: allocating one of this size for each message would cost ten times the system call."""
_MESSAGES_A_SEND = 100
_NO_SUCH_TABLE = (errno.EOPNOTSUPP, errno.EAFNOSUPPORT, errno.ENOENT, errno.EPROTONOSUPPORT)


class NetlinkError(OSError):
    """The kernel refused a message: `errno` is its error, `index` the message's position in the batch.

    `refused` holds the positions of all refused messages; the others were carried out.
    """

    def __init__(self, number: int, index: int, detail: str = "") -> None:
        super().__init__(number, detail or os.strerror(number))
        self.index = index
        self.refused = {index}


class Netlink:
    """A netlink socket in the network namespace that the thread is in when it is made. Closed with `close`."""

    def __init__(self, protocol: int = nl.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.bind((0, 0))
        self._socket.setsockopt(nl.SOL_NETLINK, nl.NETLINK_CAP_ACK, 1)
        self._socket.setsockopt(nl.SOL_NETLINK, nl.NETLINK_EXT_ACK, 1)
        if protocol == nl.NETLINK_ROUTE:
            self._socket.setsockopt(nl.SOL_NETLINK, nl.NETLINK_GET_STRICT_CHK, 1)
        self._sequence = 0
        self.overruns = 0
        """How often the kernel dropped multicast messages because the receive buffer was full."""

    def batch(self, messages: Sequence[bytes]) -> None:
        """Sends all messages in few system calls. NetlinkError for the first refused one; the kernel carries out the others."""
        failed: list[NetlinkError] = []
        for start in range(0, len(messages), _MESSAGES_A_SEND):
            failed += self._batch(messages[start : start + _MESSAGES_A_SEND], start)
        if failed:
            first = min(failed, key=lambda error: error.index)
            first.refused = {error.index for error in failed}
            raise first

    def _batch(self, messages: Sequence[bytes], offset: int) -> list[NetlinkError]:
        first = self._sequence + 1
        buffer = bytearray()
        for message in messages:
            self._sequence += 1
            at = len(buffer)
            buffer += message
            flags = nl.NLM_F_REQUEST | nl.NLM_F_ACK | struct.unpack_from("=H", message, 6)[0]
            struct.pack_into("=HI", buffer, at + 6, flags, self._sequence)
            buffer += b"\0" * (-len(buffer) & 3)
        self._socket.send(buffer)
        failed: list[NetlinkError] = []
        waiting = len(messages)
        while waiting:
            for kind, sequence, body in split(self._receive()):
                if kind not in (nl.NLMSG_ERROR, nl.NLMSG_DONE) or not first <= sequence <= self._sequence:
                    continue
                waiting -= 1
                if number := -struct.unpack_from("=i", body)[0]:
                    failed.append(NetlinkError(number, sequence - first + offset, _detail(body)))
        return failed

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        """The messages that answer a dump request, without headers. Empty for a table that this kernel does not have."""
        for _ in range(3):
            try:
                return self._dump(kind, body)
            except InterruptedError:
                continue  # the table changed while it was read
        return self._dump(kind, body, whole=False)

    def _dump(self, kind: int, body: bytes, whole: bool = True) -> list[bytes]:
        self._request(kind, nl.NLM_F_DUMP, body)
        bodies: list[bytes] = []
        interrupted = False
        while True:
            data = self._receive()
            start = 0
            while start + 16 <= len(data):
                size, type_, flags, sequence, _ = HEADER.unpack_from(data, start)
                if size < 16:
                    raise NetlinkError(errno.EBADMSG, 0)
                if sequence == self._sequence:
                    interrupted |= bool(flags & nl.NLM_F_DUMP_INTR)
                    if type_ == nl.NLMSG_ERROR and (number := -struct.unpack_from("=i", data, start + 16)[0]):
                        if number in _NO_SUCH_TABLE:
                            return []
                        raise NetlinkError(number, 0)
                    if type_ in (nl.NLMSG_DONE, nl.NLMSG_ERROR):
                        if interrupted and whole:
                            raise InterruptedError
                        return bodies
                    bodies.append(data[start + 16 : start + size])
                start += (size + 3) & ~3

    def ask(self, kind: int, body: bytes) -> bytes | None:
        """The answer to a request for a single object, without its header; None if there is no such object."""
        self._request(kind, 0, body)
        while True:
            for type_, sequence, answer in split(self._receive()):
                if sequence == self._sequence:
                    return None if type_ == nl.NLMSG_ERROR else answer

    def _request(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        self._socket.send(HEADER.pack(16 + len(body), kind, nl.NLM_F_REQUEST | flags, self._sequence, 0) + body)

    def join(self, groups: Sequence[int], room: int = 8 << 20) -> None:
        """Joins multicast groups, so that `read` returns their messages. `room`: bytes of receive buffer."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, nl.SO_RCVBUFFORCE, room)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        for group in groups:
            self._socket.setsockopt(nl.SOL_NETLINK, nl.NETLINK_ADD_MEMBERSHIP, group)
        self._socket.setblocking(False)

    def read(self) -> list[tuple[int, bytes]]:
        """The multicast messages that have arrived, as (type, body). `overruns` counts how often some were lost."""
        messages: list[tuple[int, bytes]] = []
        for _ in range(64):
            try:
                messages += [(kind, body) for kind, _, body in split(self._receive())]
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overruns += 1
        return messages

    def _receive(self) -> bytes:
        size = self._socket.recv_into(_BUFFER)
        return bytes(memoryview(_BUFFER)[:size])

    def fileno(self) -> int:
        """For select and its like."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()


def _detail(body: bytes) -> str:
    """The error's text, with the kernel's own message if there is one (NLMSGERR_ATTR_MSG)."""
    words = os.strerror(-struct.unpack_from("=i", body)[0])
    sentence = attributes(body, 20).get(nl.NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode(errors="replace")
    return f"{words} ({sentence})" if sentence else words
