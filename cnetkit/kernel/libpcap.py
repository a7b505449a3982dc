"""Capture filters in tcpdump's language, compiled by libpcap in this process. It captures nothing.

Sources: pcap-filter(7), pcap_compile(3PCAP), linux/filter.h.
"""

from __future__ import annotations

import ctypes
import functools

from cnetkit.model import CnetkitError

_NAMES = ("libpcap.so.0.8", "libpcap.so.1")
"""The library's names in Debian, and in most other distributions."""
_DLT_EN10MB, _WHOLE_FRAMES, _OPTIMIZE, _NETMASK_UNKNOWN = 1, 262144, 1, 0xFFFFFFFF
_INSTRUCTION = 8  # bytes of struct bpf_insn, which is the kernel's struct sock_filter


class _BpfProgram(ctypes.Structure):
    """struct bpf_program."""

    _fields_ = [("length", ctypes.c_uint), ("instructions", ctypes.c_void_p)]


@functools.cache
def _library() -> ctypes.CDLL:
    for name in _NAMES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.pcap_open_dead.restype = ctypes.c_void_p
        library.pcap_open_dead.argtypes = [ctypes.c_int, ctypes.c_int]
        library.pcap_compile.argtypes = [
            ctypes.c_void_p, ctypes.POINTER(_BpfProgram), ctypes.c_char_p, ctypes.c_int, ctypes.c_uint32,
        ]  # fmt: skip
        library.pcap_geterr.restype = ctypes.c_char_p
        library.pcap_geterr.argtypes = library.pcap_close.argtypes = [ctypes.c_void_p]
        library.pcap_freecode.argtypes = [ctypes.POINTER(_BpfProgram)]
        return library
    raise CnetkitError("a capture filter needs libpcap, which is not installed: sudo apt-get install libpcap0.8")


def compile_filter(text: str) -> bytes:
    """The filter as a classic BPF program for Ethernet frames: an array of struct sock_filter.

    CnetkitError, with libpcap's own message, if it is not a valid filter.
    """
    library = _library()
    handle = library.pcap_open_dead(_DLT_EN10MB, _WHOLE_FRAMES)
    program = _BpfProgram()
    try:
        if library.pcap_compile(handle, ctypes.byref(program), text.encode(), _OPTIMIZE, _NETMASK_UNKNOWN):
            reason = library.pcap_geterr(handle).decode(errors="replace")
            raise CnetkitError(f"{text!r} is not a capture filter: libpcap says {reason!r}; see pcap-filter(7)")
        code = ctypes.string_at(program.instructions, program.length * _INSTRUCTION)
        library.pcap_freecode(ctypes.byref(program))
        return code
    finally:
        library.pcap_close(handle)
