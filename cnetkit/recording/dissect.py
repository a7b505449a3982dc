"""Dissects single frames with scapy, on request. The engine reads columns instead.

Hostile bytes never raise here: what scapy cannot dissect is shown as raw bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnetkit.recording.frames import LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, LINKTYPE_RAW, Frames

if TYPE_CHECKING:
    from scapy.packet import Packet
    from scapy.plist import PacketList


def dissect(frames: Frames, number: int) -> Packet:
    """Frame `number` as scapy's packet, with its time and `sniffed_on` set. IndexError if there is no such frame."""
    from scapy.layers import all as _  # noqa: F401  scapy knows a protocol when its layer has been imported
    from scapy.packet import Raw

    data = frames.bytes_of(number)
    tap = frames.taps[frames.tap[number]]
    try:
        packet = _first_layer(tap.linktype, data)(data)
    except Exception:  # a dissector may fail in any way
        packet = Raw(data)
    packet.time = int(frames.time_ns[number]) / 1e9
    packet.sniffed_on = f"{tap.node}/{tap.interface}"
    packet.wirelen = int(frames.length[number])
    return packet


def layers(frames: Frames, number: int) -> str:
    """The layers and fields of frame `number` as scapy prints them, one per line."""
    packet = dissect(frames, number)
    try:
        return str(packet.show(dump=True))
    except Exception:
        return f"Raw: {frames.bytes_of(number).hex(' ')}"


def packet_list(frames: Frames, numbers: Iterable[int] | None = None) -> PacketList:
    """These frames, or all, as a scapy PacketList. Slow: about 3,000 frames per second."""
    from scapy.plist import PacketList

    return PacketList([dissect(frames, number) for number in (range(len(frames)) if numbers is None else numbers)])


def _first_layer(linktype: int, data: bytes) -> type[Packet]:
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Ether
    from scapy.packet import Raw

    if linktype == LINKTYPE_RAW:
        return {4: IP, 6: IPv6}.get(data[0] >> 4 if data else 0, Raw)
    return {1: Ether, LINKTYPE_LINUX_SLL: CookedLinux, LINKTYPE_LINUX_SLL2: CookedLinuxV2}.get(linktype, Raw)
