"""What a hop changed: each frame's header fields, compared with those of its parent.

Compares columns; text is made only for frames that are shown. Why a field changed is evidence: see evidence/.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Change
from cnetkit.recording.columns import Columns
from cnetkit.recording.protocols import TCP, UDP
from cnetkit.trace.packets.packet import address, encapsulation, mac

COMPARED = (
    ("eth_src",), ("eth_dst",), ("vlan",), ("src_high", "src_low"), ("dst_high", "dst_low"), ("ttl",), ("tos",),
    ("sport",), ("dport",), ("icmp_id",), ("depth", "tunnel", "vni"), ("outer_ttl",), ("outer_eth_src",),
    ("outer_eth_dst",), ("seq",), ("length",), ("fragment",), ("more",),
)  # fmt: skip
"""The columns compared; bit k of `changed` is for the k-th."""

ENCRYPTED, DECRYPTED = 1 << len(COMPARED), 2 << len(COMPARED)
"""Bits of packets that were encrypted or decrypted by WireGuard, for which no other field can be compared."""
PORTS = ("sport", "dport", "icmp_id")
LAYERS = {TCP: "tcp", UDP: "udp", 132: "sctp"}


def changed(columns: Columns, parent: NDArray[np.int32], addressed: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """For each frame one bit per item of COMPARED that differs from its parent's; 0 without a parent.

    `addressed` says for which frames both MAC addresses were captured; other frames' addresses are not compared.
    """
    child = np.flatnonzero(parent >= 0)
    origin = parent[child]
    bits = np.zeros(len(parent), np.uint32)
    for bit, names in enumerate(COMPARED):
        differs = np.zeros(len(child), np.bool_)
        for name in names:
            column = getattr(columns, name)
            differs |= column[child] != column[origin]
        if "eth" in names[0]:
            differs &= addressed[child] & addressed[origin]
        if names[0] in PORTS:
            differs &= (columns.fragment[child] == 0) & (
                columns.fragment[origin] == 0
            )  # only the first fragment has ports
        if names[0].startswith("outer"):
            differs &= (columns.depth[child] > 0) & (columns.depth[origin] > 0)
        bits[child] |= differs.astype(np.uint32) << np.uint32(bit)
    return bits


def changes_of(columns: Columns, frame: int, parent: int, bits: int) -> tuple[Change, ...]:
    """The changes given by `bits`, as text, named as Wireshark names the fields."""
    if not bits:
        return ()
    if bits & ENCRYPTED:
        return (Change("encapsulation", "none", _wireguard(columns, frame)),)
    if bits & DECRYPTED:
        return (Change("encapsulation", _wireguard(columns, parent), "none"),)
    return tuple(
        Change(_name(columns, frame, bit), _word(columns, parent, bit), _word(columns, frame, bit))
        for bit in range(len(COMPARED))
        if bits >> bit & 1
    )


def _name(columns: Columns, frame: int, bit: int) -> str:
    version = 6 if columns.version[frame] == 6 else 4
    network = "ipv6" if version == 6 else "ip"
    layer = LAYERS.get(int(columns.protocol[frame]), "tcp")
    return (
        "eth.src", "eth.dst", "vlan.id", f"{network}.src", f"{network}.dst", "ipv6.hlim" if version == 6 else "ip.ttl",
        "ipv6.tclass" if version == 6 else "ip.dsfield", f"{layer}.srcport", f"{layer}.dstport", "icmp.ident",
        "encapsulation", "outer.ip.ttl", "outer.eth.src", "outer.eth.dst", "tcp.seq",
        "ipv6.plen" if version == 6 else "ip.len", "ipv6.fragment.offset" if version == 6 else "ip.frag_offset",
        "ipv6.fragment.more" if version == 6 else "ip.flags.mf",
    )[bit]  # fmt: skip


def _word(c: Columns, n: int, bit: int) -> str:
    names = COMPARED[bit]
    if len(names) == 2:
        return address(int(c.version[n]), *(int(getattr(c, name)[n]) for name in names))
    if names[0] == "depth":
        return encapsulation(c, n)
    value = int(getattr(c, names[0])[n]) - (40 if names[0] == "length" and c.version[n] == 6 else 0)
    if names[0] == "vlan" and value > 0xFFF:  # the outer tag first, as in the frame
        return f"{value >> 12}, {value & 0xFFF}"
    return mac(value) if "eth" in names[0] else str(value)


def _wireguard(c: Columns, n: int) -> str:
    version = int(c.version[n])
    source, target = (
        address(version, int(high[n]), int(low[n])) for high, low in ((c.src_high, c.src_low), (c.dst_high, c.dst_low))
    )
    return f"wireguard from {source} to {target}"
