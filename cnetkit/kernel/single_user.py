"""Lets programs that drop root start in a sandbox with a single user: their setuid(2) and its like do nothing and succeed.

Without privileges on the machine a user namespace has only one user and one group, so the calls with which tcpdump, dnsmasq or
haproxy drop root would fail. The program gains no rights by this. Sources:
user_namespaces(7), seccomp(2), linux/filter.h.
"""

from __future__ import annotations

import ctypes
import os
import struct

_SYSCALLS = {  # setuid, setgid, setreuid, setregid, setgroups, setresuid, setresgid (the kernel's syscall tables)
    "x86_64": (105, 106, 113, 114, 116, 117, 119),
    "aarch64": (146, 144, 145, 143, 159, 147, 149),
}
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _PRETEND_SUCCESS = 0x7FFF0000, 0x00050000
_PR_SET_SECCOMP, _FILTER = 22, 2
_libc = ctypes.CDLL(None, use_errno=True)


def _program(numbers: tuple[int, ...]) -> bytes:
    """A classic BPF program over struct seccomp_data: these system calls return 0 and do nothing."""
    step = struct.Struct("=HBBI")
    tests = [step.pack(_JUMP_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    return (
        step.pack(_LOAD, 0, 0, 0)
        + b"".join(tests)
        + step.pack(_RETURN, 0, 0, _ALLOW)
        + step.pack(_RETURN, 0, 0, _PRETEND_SUCCESS)
    )


def keep_user() -> None:
    """Installs the filter for this process and all that it starts. Does nothing on machines other than x86-64 and 64-bit ARM."""
    numbers = _SYSCALLS.get(os.uname().machine)
    if numbers is None:
        return
    program = ctypes.create_string_buffer(_program(numbers))
    head = struct.pack("HP", len(numbers) + 3, ctypes.addressof(program))
    if _libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.c_char_p(head), 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
