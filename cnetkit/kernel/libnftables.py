"""libnftables, the library behind nft(8), called in this process. It knows no rule of its own.

Source: libnftables(3).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
from typing import Any

from cnetkit.model import CnetkitError

MOST = 256
"""How many Nft objects can exist at a time."""
_FD_SETSIZE = 1024
_STATELESS, _HANDLE, _JSON, _NUMERIC_PROTO, _NUMERIC_PRIO = 1 << 2, 1 << 3, 1 << 4, 1 << 7, 1 << 8
_PLAIN = _STATELESS | _HANDLE | _NUMERIC_PROTO | _NUMERIC_PRIO


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libnftables.so.1")
    except OSError:
        raise CnetkitError("libnftables is not installed: sudo apt-get install nftables") from None
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    for name in ("nft_ctx_free", "nft_ctx_buffer_output", "nft_ctx_buffer_error"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
        getattr(library, name).restype = ctypes.c_char_p
    library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return library


_reserved: list[int] = []
"""Descriptors below 1024, reserved for libnftables: it waits with select(2), which cannot handle higher ones."""


def reserve_descriptors() -> None:
    """Reserves low descriptors for all future Nft objects. Call it before the first node is made, while low ones are free."""
    while len(_reserved) < MOST:
        _reserve_one()


def _reserve_one() -> None:
    fd = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    if fd >= _FD_SETSIZE:
        os.close(fd)
        raise CnetkitError("the agent has no low file descriptors left for libnftables")
    _reserved.append(fd)


class Nft:
    """nft for the network namespace that this thread is in when it is made.

    A node keeps its Nft, because closing one after a change waits until the kernel has freed what was changed. Closed with
    `close`.
    """

    def __init__(self) -> None:
        library = self._library = _library()
        if not _reserved:
            raise CnetkitError(f"rules can be read in {MOST} nodes of one lab, and these are more: make several labs")
        os.close(_reserved.pop())  # the next descriptor that the process opens is the lowest free one
        self._context = library.nft_ctx_new(0)
        library.nft_ctx_buffer_output(self._context)
        library.nft_ctx_buffer_error(self._context)
        library.nft_ctx_output_set_flags(self._context, _PLAIN)

    def run(self, command: str) -> str:
        """Runs an nft command. Returns its output, with rule handles and without counters. CnetkitError with nft's own message if
        it fails."""
        failed = self._library.nft_run_cmd_from_buffer(self._context, command.encode())
        output: bytes = self._library.nft_ctx_get_output_buffer(self._context) or b""
        errors: bytes = self._library.nft_ctx_get_error_buffer(self._context) or b""
        if failed:
            lines = errors.decode(errors="replace").strip().splitlines()
            raise CnetkitError(f"nft refused: {lines[0] if lines else command}")
        return output.decode(errors="replace")

    def json(self, command: str, counters: bool = False) -> dict[str, Any]:
        """Runs an nft command that lists something. Returns the document of libnftables-json(5); `counters`: with what each
        counter has counted."""
        self._library.nft_ctx_output_set_flags(self._context, (_PLAIN & ~_STATELESS if counters else _PLAIN) | _JSON)
        try:
            document: dict[str, Any] = json.loads(self.run(command))
        finally:
            self._library.nft_ctx_output_set_flags(self._context, _PLAIN)
        return document

    def has_table(self, family: str, name: str) -> bool:
        """Whether there is a table of this name."""
        tables = [item["table"] for item in self.json("list tables")["nftables"] if "table" in item]
        return any((table["family"], table["name"]) == (family, name) for table in tables)

    def close(self) -> None:
        """Frees its socket."""
        self._library.nft_ctx_free(self._context)
        with contextlib.suppress(CnetkitError):
            _reserve_one()
