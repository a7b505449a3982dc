"""A proxy in user space, as docker-proxy is one: it accepts at a port, and sends on what it gets by a connection of its own.

The source address of that connection is the kernel's choice. Source: github.com/moby/moby, cmd/docker-proxy, of version 28.5.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import threading
from typing import NoReturn

_SILENCE = 90.0
"""Seconds after which a UDP client without answers is forgotten (DefaultConnTrackTimeout)."""
_LARGEST = 65507
_IP_PKTINFO = 8  # linux/in.h; Python 3.11 has no name for it


def tcp(listening: socket.socket, target: tuple[str, int]) -> NoReturn:
    """Joins each connection to one of its own to the target. A client is disconnected if the target cannot be reached."""
    while True:
        client, _ = listening.accept()
        threading.Thread(target=_join, args=(client, target), daemon=True).start()


def _join(client: socket.socket, target: tuple[str, int]) -> None:
    with client:
        try:
            server = socket.create_connection(target)
        except OSError:
            return
        with server:
            answers = threading.Thread(target=_copy, args=(server, client), daemon=True)
            answers.start()
            _copy(client, server)
            answers.join()


def _copy(source: socket.socket, to: socket.socket) -> None:
    """Copies until the end of what `source` sends, and passes on that end; the other direction stays open."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
    for one, direction in ((to, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            one.shutdown(direction)


def udp(listening: socket.socket, target: tuple[str, int]) -> NoReturn:
    """Sends datagrams on, by a socket for each client, and answers from the address that the client has written to."""
    _ask_for_addresses(listening)
    servers: dict[object, socket.socket] = {}
    while True:
        data, control, _, client = listening.recvmsg(_LARGEST, 256)
        if client not in servers or servers[client].fileno() < 0:
            server = socket.socket(listening.family, socket.SOCK_DGRAM)
            server.connect(target)
            server.settimeout(_SILENCE)
            servers[client] = server
            arguments = (server, listening, client, _answers_from(control))
            threading.Thread(target=_answer, args=arguments, daemon=True).start()
        with contextlib.suppress(OSError):  # nothing listens in the target
            servers[client].send(data)


def _answer(
    server: socket.socket, listening: socket.socket, client: tuple[str, int], control: list[tuple[int, int, bytes]]
) -> None:
    with server:
        while True:
            try:
                listening.sendmsg([server.recv(_LARGEST)], control, 0, client)
            except ConnectionRefusedError:
                continue
            except OSError:
                return


def _ask_for_addresses(listening: socket.socket) -> None:
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        listening.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def _answers_from(control: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """The control message that sends from the address that a datagram was sent to."""
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            return [(level, kind, struct.pack("=i4s4s", 0, data[8:12], bytes(4)))]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, data[:16] + bytes(4))]
    return []


def parsed(target: str) -> tuple[str, int]:
    """`172.17.0.2:80` or `[fd00::2]:80` as address and port."""
    address, _, port = target.rpartition(":")
    return str(ipaddress.ip_address(address.strip("[]"))), int(port)
