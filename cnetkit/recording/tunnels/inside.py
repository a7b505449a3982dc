"""The input and the result of a tunnel's reader: outer packets, and the packets inside them."""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.recording.gather import I64, U64, Bytes


@dataclass(frozen=True, slots=True)
class Outside:
    """n outer packets whose payload may be a tunnel; one element each."""

    source: Bytes
    rows: I64
    at: I64
    """Where the transport header begins."""
    protocol: I64
    """IP's protocol number."""
    port: I64
    """UDP's destination port, 0 for other protocols."""
    first: U64
    """The first eight octets of the transport header."""
    end: I64
    """Where the packet ends."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Packets inside others, one element each."""

    tunnel: int
    """Index into TUNNELS."""
    rows: I64
    at: I64
    """Where the inner packet begins."""
    ethertype: I64
    """Its EtherType; BRIDGED for a whole Ethernet frame."""
    vni: I64
    """The network identifier, key or session of the tunnel; 0 if it has none."""


Packets = tuple[I64, I64, I64, I64]
"""The fields `rows`, `at`, `ethertype` and `vni` of Inside."""
