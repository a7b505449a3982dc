"""Runs a command under Binder's restrictions: `python -m tests.confined RESTRICTION COMMAND...`.

The command runs as an ordinary user (1000) without capabilities, with no_new_privs, 2 GB of address space per process, only a
loopback interface, and no namespaces. RESTRICTION says how those are refused: `limit` sets user.max_user_namespaces to 0
(ENOSPC), `seccomp` filters the same calls as Docker's profile (EPERM). It needs namespaces itself to set this up. It is not a
test; tests/kernel/test_confined.py uses it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import resource
import socket
import struct
import sys
from pathlib import Path

GIGABYTES = 2
UNSHARE = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--keep-caps", "--net", "--"]
DROP = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--"]
CALLS = {
    "x86_64": {"unshare": 272, "clone": 56, "clone3": 435, "setns": 308, "mount": 165},
    "aarch64": {"unshare": 97, "clone": 220, "clone3": 435, "setns": 268, "mount": 40},
}
NEW = 0x7E020000
"""CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID and CLONE_NEWNET."""
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def main(argv: list[str]) -> None:
    """Executes the command, in two steps: first enters namespaces, then forbids new ones."""
    if argv[0] != "--inside":
        os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, "-m", "tests.confined", "--inside", *argv])
    restriction, command = argv[1], argv[2:]
    with socket.socket() as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    if restriction == "limit":
        Path("/proc/sys/user/max_user_namespaces").write_text("0", encoding="ascii")
    else:
        refuse()
    resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES << 30, GIGABYTES << 30))
    os.execvp(DROP[0], [*DROP, *command])


def refuse() -> None:
    """Installs a filter (seccomp(2)) that forbids namespaces and mounts for this process and its children."""
    calls = CALLS[platform.machine()]
    load, equal, masked, give = 0x20, 0x15, 0x45, 0x06
    allow, eperm, enosys = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
    program = [
        (load, 0, 0, 0),  # the call's number
        (equal, 6, 0, calls["unshare"]),
        (equal, 5, 0, calls["setns"]),
        (equal, 4, 0, calls["mount"]),
        (equal, 4, 0, calls["clone3"]),
        (equal, 0, 4, calls["clone"]),
        (load, 0, 0, 16),  # its first argument: flags
        (masked, 0, 2, NEW),
        (give, 0, 0, eperm),
        (give, 0, 0, enosys),
        (give, 0, 0, allow),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code)
    described = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(held)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, FILTER, described, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    main(sys.argv[1:])
