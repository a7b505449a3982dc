"""The ports on which a node's sockets listen. Source: proc(5), /proc/net/tcp and its like; net/tcp_states.h."""

from __future__ import annotations

from cnetkit.kernel.stacks import Stack

_WAITING = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN; a UDP socket that is bound and not connected has TCP_CLOSE


def ports(stack: Stack, protocol: str) -> set[int]:
    """The ports on which sockets of `protocol`, tcp or udp, listen over IPv4 or IPv6."""
    stack.enter()
    listening: set[int] = set()
    for path in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        try:
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
        except OSError:
            continue  # no IPv6
        listening |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == _WAITING[protocol]}
    return listening
