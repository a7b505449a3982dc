"""One packet in a few words: `SYN-ACK`, `GET /`, `DNS A shop.example`, `ARP who has 10.0.0.2?`.

What its headers do not say is read from its payload, by the readers of `payloads`. Explains nothing.
"""

from __future__ import annotations

import ipaddress

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.protocols import DNS_PORTS
from cnetkit.trace.conversations.payloads import METHODS, dns, first_line, server_name
from cnetkit.trace.packets.packet import Packet

HOUSEKEEPING = ("arp", "rarp", "igmp", "lldp", "llc")
_NEIGHBOURS = (130, 131, 132, 133, 134, 135, 136, 137, 143)
"""ICMPv6 types of neighbour discovery (RFC 4861) and multicast listener discovery (RFC 2710, RFC 3810)."""
_SOLICITATION, _ADVERTISEMENT = 135, 136


def is_housekeeping(packet: Packet, columns: Columns, frame: int) -> bool:
    """Whether the packet only serves the network: ARP, neighbour discovery, multicast membership, spanning tree and the like."""
    if packet.protocol == "icmpv6":
        return int(columns.icmp_type[frame]) in _NEIGHBOURS
    return packet.protocol in HOUSEKEEPING or packet.protocol.startswith("ethertype")


def message(packet: Packet, columns: Columns, frame: int, data: NDArray[np.uint8], *, resolving: bool = False) -> str:
    """What the packet of `frame` says. `data` contains the frames' octets.

    `resolving`: it belongs to a flow of a name server, whatever port its own frame shows.
    """
    begin, size = int(columns.payload[frame]), int(columns.payload_length[frame])
    payload = data[begin : begin + size].tobytes()
    if packet.protocol == "arp":
        return _arp(payload) or "ARP"
    if packet.protocol == "icmpv6":
        return _neighbour(int(columns.icmp_type[frame]), payload) or packet.kind
    ports = {packet.ends.source_port, packet.ends.destination_port}
    text = ""
    if payload and packet.protocol in ("tcp", "udp") and (resolving or ports & set(DNS_PORTS)):
        text = _dns(payload[2:] if packet.protocol == "tcp" else payload)
    elif packet.protocol == "tcp":
        text = _request(payload) or packet.kind.replace(", ", "-")
    return text or packet.kind or packet.protocol


def _dns(payload: bytes) -> str:
    read = dns(payload)
    if read is None:
        return ""
    _, is_reply, question, answer = read
    return f"DNS {question}: {answer}" if is_reply else f"DNS {question}"


def _request(payload: bytes) -> str:
    if payload.startswith(METHODS):
        line = first_line(payload)
        return line.rpartition(" HTTP/")[0] or line
    if payload.startswith(b"HTTP/"):
        return first_line(payload)
    name = server_name(payload) if payload[:2] == b"\x16\x03" else ""
    return f"TLS hello {name}" if name else ""


def _arp(payload: bytes) -> str:
    if len(payload) < 28 or payload[:8] not in (b"\0\1\x08\0\x06\x04\0\1", b"\0\1\x08\0\x06\x04\0\2"):
        return ""
    sender, target = (str(ipaddress.IPv4Address(payload[at : at + 4])) for at in (14, 24))
    at = payload[8:14].hex(":")
    if sender == target:
        return f"ARP announces {sender} at {at}"
    return f"ARP {sender} is at {at}" if payload[7] == 2 else f"ARP who has {target}?"


def _neighbour(kind: int, payload: bytes) -> str:
    if kind not in (_SOLICITATION, _ADVERTISEMENT) or len(payload) < 16:
        return ""
    target = ipaddress.IPv6Address(payload[:16])
    return f"ND who has {target}?" if kind == _SOLICITATION else f"ND {target} is here"
