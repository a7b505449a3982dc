"""Small servers for labs: HTTP, TCP echo, UDP echo and proxies, each a process of its own in a node.

The agent binds the socket before the process starts, so that a port in use is an error at once, and a client can connect as
soon as the request is answered.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable

from cnetkit.kernel import proxy
from cnetkit.model import CnetkitError

_NAMES = {
    "http": "HTTP server",
    "tcp-echo": "TCP echo server",
    "udp-echo": "UDP echo server",
    "tcp-proxy": "TCP proxy",
    "udp-proxy": "UDP proxy",
}
_DATAGRAMS = ("udp-echo", "udp-proxy")


def listen(kind: str, address: str, port: int) -> socket.socket:
    """A socket for a server of `kind`, bound in the network namespace that this thread is in. An empty address means all
    addresses, with IPv6 if the namespace has it. CnetkitError if the kind does not exist or the port is in use."""
    if kind not in _NAMES:
        raise CnetkitError(f"there is no server {kind!r}: choose from {', '.join(_NAMES)}")
    type_ = socket.SOCK_DGRAM if kind in _DATAGRAMS else socket.SOCK_STREAM
    dual_stack = not address and _has_ipv6()
    family = socket.AF_INET6 if dual_stack or ":" in address else socket.AF_INET
    listening = socket.socket(family, type_)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, type_ == socket.SOCK_STREAM)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual_stack else 1)
        listening.bind((address, port))
        if type_ == socket.SOCK_STREAM:
            listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise CnetkitError(f"{_NAMES[kind]} on port {port}: {reason}") from None
    return listening


def _has_ipv6() -> bool:
    try:
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", encoding="ascii") as file:
            return file.read().strip() == "0"
    except OSError:
        return False


def body(kind: str, listening: socket.socket, target: str = "") -> Callable[[], None]:
    """The function that the server's process runs until it is killed. `target`: where a proxy sends what it gets."""
    if kind in ("tcp-proxy", "udp-proxy"):
        forward, to = proxy.tcp if kind == "tcp-proxy" else proxy.udp, proxy.parsed(target)
        return lambda: forward(listening, to)
    if kind == "http":
        from cnetkit.kernel import web  # slow to load; not in the server's own process, whose root may have no Python

        return lambda: web.serve(listening)
    serve = {"tcp-echo": _tcp_echo, "udp-echo": _udp_echo}[kind]
    return lambda: serve(listening)


def _tcp_echo(listening: socket.socket) -> None:
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listening:
                selector.register(listening.accept()[0], selectors.EVENT_READ)
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)  # noqa: S101 - for the type checker
            try:
                data = connection.recv(65536)
                if data:
                    connection.sendall(data)
                    continue
            except OSError:
                pass
            selector.unregister(connection)
            connection.close()


def _udp_echo(listening: socket.socket) -> None:
    while True:
        try:
            data, sender = listening.recvfrom(65536)
            listening.sendto(data, sender)
        except OSError:
            continue  # an ICMP error from an earlier answer
