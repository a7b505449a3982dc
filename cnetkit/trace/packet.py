"""One frame's headers in words: addresses and ports as people write them. It compares and explains nothing."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from cnetkit.model import Tuple5
from cnetkit.recording.columns import ARP, ICMP, ICMPV6, TCP, TUNNELS, UDP, Columns

PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6", 132: "sctp", 47: "gre", 50: "esp", 2: "igmp"}
ETHERTYPES = {ARP: "arp", 0x88CC: "lldp", 0x8100: "vlan"}
ICMP_NAMES = {0: "echo reply", 8: "echo request", 3: "destination unreachable", 5: "redirect", 11: "time exceeded"}
ICMPV6_NAMES = {
    128: "echo request", 129: "echo reply", 1: "destination unreachable", 2: "packet too big", 3: "time exceeded",
    133: "router solicitation", 134: "router advertisement", 135: "neighbour solicitation",
    136: "neighbour advertisement", 143: "multicast listener report",
}  # fmt: skip


@lru_cache(maxsize=65536)
def mac(value: int) -> str:
    """48 bits as `02:00:00:00:00:01`."""
    return value.to_bytes(6, "big").hex(":")


@lru_cache(maxsize=65536)
def address(version: int, high: int, low: int) -> str:
    """An IP address; IPv4 unless `version` is 6."""
    return str(ipaddress.IPv6Address(high << 64 | low)) if version == 6 else str(ipaddress.IPv4Address(low))


@dataclass(frozen=True, slots=True)
class Packet:
    """The innermost packet of one frame."""

    protocol: str
    """tcp, udp, icmp, arp, ... or `protocol 89`, `ethertype 0x88b5`."""
    version: int
    ends: Tuple5
    """With no addresses where it is neither IP nor ARP."""
    eth_src: str
    eth_dst: str
    ttl: int
    kind: str
    """What it is for, where its header says: an ICMP type, TCP flags."""

    @property
    def source(self) -> str:
        """`172.17.0.2:80`, `[fd00::2]:80`, `172.17.0.2`, or the MAC address."""
        return self._end(self.ends.source, self.ends.source_port) or self.eth_src

    @property
    def destination(self) -> str:
        """As `source`."""
        return self._end(self.ends.destination, self.ends.destination_port) or self.eth_dst

    def _end(self, where: str, port: int) -> str:
        if not port or self.protocol.startswith("icmp") or not where:
            return where
        return f"[{where}]:{port}" if ":" in where else f"{where}:{port}"


def packet_of(columns: Columns, frame: int) -> Packet:
    """What frame `frame` carries innermost."""
    c, n = columns, frame
    version, number, ethertype = int(c.version[n]), int(c.protocol[n]), int(c.ethertype[n])
    name = (
        PROTOCOLS.get(number, f"protocol {number}")
        if version
        else ETHERTYPES.get(ethertype, f"ethertype 0x{ethertype:04x}")
    )
    sport, dport = int(c.sport[n]), int(c.dport[n])
    if name.startswith("icmp"):
        sport = dport = int(c.icmp_id[n])
    ends = Tuple5("", "")
    if version or ethertype == ARP:
        source = address(version, int(c.src_high[n]), int(c.src_low[n]))
        ends = Tuple5(source, address(version, int(c.dst_high[n]), int(c.dst_low[n])), sport, dport)
    return Packet(
        name, version, ends, mac(int(c.eth_src[n])), mac(int(c.eth_dst[n])), int(c.ttl[n]), _kind(columns, n, name)
    )


def encapsulation(columns: Columns, frame: int) -> str:
    """`none`, or what is around the innermost packet: `vxlan 42 from 10.0.0.1 to 10.0.0.2`."""
    c, n = columns, frame
    if not c.depth[n]:
        return "none"
    version = 6 if c.outer_src_high[n] else 4
    source = address(version, int(c.outer_src_high[n]), int(c.outer_src_low[n]))
    target = address(version, int(c.outer_dst_high[n]), int(c.outer_dst_low[n]))
    kind = TUNNELS[int(c.tunnel[n])]
    return f"{kind}{f' {int(c.vni[n])}' if kind != 'ipip' else ''} from {source} to {target}"


def _kind(c: Columns, n: int, name: str) -> str:
    if name == "tcp":
        flags = int(c.flags[n])
        return ", ".join(word for bit, word in _FLAGS if flags & bit)
    if name == "icmp":
        return ICMP_NAMES.get(int(c.icmp_type[n]), f"type {int(c.icmp_type[n])}")
    if name == "icmpv6":
        return ICMPV6_NAMES.get(int(c.icmp_type[n]), f"type {int(c.icmp_type[n])}")
    return ""


_FLAGS = ((2, "SYN"), (1, "FIN"), (4, "RST"), (8, "PSH"), (16, "ACK"))
