"""libnftables, the library behind nft(8), called in this process. It knows no rule of its own.

Source: libnftables(3).
"""

from __future__ import annotations

import ctypes
import functools

from cnetkit.model import CnetkitError

_STATELESS, _HANDLE, _NUMERIC_PROTO, _NUMERIC_PRIO = 1 << 2, 1 << 3, 1 << 7, 1 << 8


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


def nft(command: str) -> str:
    """Runs an nft command in the network namespace that this thread is in, and gives back its output, with rule handles
    and without counters. CnetkitError with nft's own words where it fails."""
    library = _library()
    context = library.nft_ctx_new(0)
    try:
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        library.nft_ctx_output_set_flags(context, _STATELESS | _HANDLE | _NUMERIC_PROTO | _NUMERIC_PRIO)
        failed = library.nft_run_cmd_from_buffer(context, command.encode())
        if failed:
            said = (library.nft_ctx_get_error_buffer(context) or b"").decode(errors="replace").strip()
            raise CnetkitError(f"nft refused: {said.splitlines()[0] if said else command}")
        output: bytes = library.nft_ctx_get_output_buffer(context) or b""
        return output.decode(errors="replace")
    finally:
        library.nft_ctx_free(context)
