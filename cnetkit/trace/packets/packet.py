"""One frame's headers as text: protocol, addresses and ports, flags. Compares and explains nothing."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from cnetkit.model import Tuple5
from cnetkit.recording.columns import Columns
from cnetkit.recording.protocols import ARP, ICMP, ICMPV6, LINUX, TCP, UDP
from cnetkit.recording.tunnels import TUNNELS

PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6", 132: "sctp", 47: "gre", 50: "esp", 2: "igmp"}
ETHERTYPES = {
    ARP: "arp", 0x8035: "rarp", 0x8100: "vlan", 0x880B: "ppp", 0x8847: "mpls", 0x8848: "mpls", 0x8863: "pppoe discovery",
    0x8864: "pppoe", 0x888E: "eapol", 0x8892: "profinet", 0x88CC: "lldp", 0x88F7: "ptp", 0x8906: "fcoe",
    LINUX | 1: "802.3", LINUX | 12: "can", LINUX | 13: "can fd",
}  # fmt: skip
LONGEST = 1500
"""Up to this value the field is a length, and an IEEE 802.2 header follows (IEEE 802.3, 3.2.6), as in spanning tree."""
ICMP_NAMES = {0: "echo reply", 8: "echo request", 3: "destination unreachable", 5: "redirect", 11: "time exceeded"}
ICMPV6_NAMES = {
    128: "echo request", 129: "echo reply", 1: "destination unreachable", 2: "packet too big", 3: "time exceeded",
    133: "router solicitation", 134: "router advertisement", 135: "neighbour solicitation",
    136: "neighbour advertisement", 143: "multicast listener report",
}  # fmt: skip


ERRORS = {
    (4, 3, 0): "network unreachable", (4, 3, 1): "host unreachable", (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable", (4, 3, 4): "fragmentation needed", (4, 3, 9): "network administratively prohibited",
    (4, 3, 10): "host administratively prohibited", (4, 3, 13): "communication administratively prohibited",
    (4, 11, 0): "time to live exceeded in transit", (4, 11, 1): "fragment reassembly time exceeded",
    (6, 1, 0): "no route to destination", (6, 1, 1): "communication administratively prohibited",
    (6, 1, 3): "address unreachable", (6, 1, 4): "port unreachable", (6, 2, 0): "packet too big",
    (6, 3, 0): "hop limit exceeded in transit", (6, 3, 1): "fragment reassembly time exceeded",
}  # fmt: skip
"""ICMP errors by IP version, type and code (RFC 792, RFC 1812 5.2.7.1, RFC 4443)."""


def error_name(version: int, kind: int, code: int) -> str:
    """The name of an ICMP error."""
    return ERRORS.get((version, kind, code)) or f"{_icmp_name(version, kind)}, code {code}"


def _icmp_name(version: int, kind: int) -> str:
    return (ICMPV6_NAMES if version == 6 else ICMP_NAMES).get(kind, f"type {kind}")


def frame_number(frame: int) -> str:
    """How texts name a frame: by Wireshark's `frame.number`, which counts from 1."""
    return f"frame.number {frame + 1}"


@lru_cache(maxsize=65536)
def mac(value: int) -> str:
    """48 bits as `02:00:00:00:00:01`."""
    return value.to_bytes(6, "big").hex(":")


@lru_cache(maxsize=65536)
def address(version: int, high: int, low: int) -> str:
    """An IP address as text; IPv4 unless `version` is 6."""
    return str(ipaddress.IPv6Address(high << 64 | low)) if version == 6 else str(ipaddress.IPv4Address(low))


@dataclass(frozen=True, slots=True)
class Packet:
    """The innermost packet of one frame."""

    protocol: str
    """tcp, udp, icmp, arp, ... or `protocol 89`, `ethertype 0x88b5`."""
    version: int
    ends: Tuple5
    """Without addresses if it is neither IP nor ARP."""
    eth_src: str
    eth_dst: str
    """Empty if the link's header has none (`tcpdump -i any`)."""
    ttl: int
    kind: str
    """Its purpose, if the header says: an ICMP type, or TCP flags."""

    @property
    def source(self) -> str:
        """`172.17.0.2:80`, `[fd00::2]:80`, `172.17.0.2`, or the MAC address."""
        return self._end(self.ends.source, self.ends.source_port) or self.eth_src

    @property
    def destination(self) -> str:
        """As `source`; `?` if the link's header has no MAC address."""
        return self._end(self.ends.destination, self.ends.destination_port) or self.eth_dst or "?"

    def _end(self, where: str, port: int) -> str:
        return where if self.protocol.startswith("icmp") else end(where, port)


def reply_ends(ends: Tuple5) -> Tuple5:
    """The ends of a reply."""
    return Tuple5(ends.destination, ends.source, ends.destination_port, ends.source_port)


def end(where: str, port: int) -> str:
    """An address with its port, if it has both."""
    if not port or not where:
        return where
    return f"[{where}]:{port}" if ":" in where else f"{where}:{port}"


def protocol_of(columns: Columns, frame: int) -> str:
    """tcp, udp, icmp, arp, ... or `protocol 89`, `ethertype 0x88b5`."""
    if columns.version[frame]:
        number = int(columns.protocol[frame])
        return PROTOCOLS.get(number, f"protocol {number}")
    ethertype = int(columns.ethertype[frame])
    if 0 < ethertype <= LONGEST:
        return "llc"
    return ETHERTYPES.get(ethertype, f"ethertype 0x{ethertype:04x}")


def packet_of(columns: Columns, frame: int) -> Packet:
    """The innermost packet of frame `frame`."""
    c, n = columns, frame
    version, name = int(c.version[n]), protocol_of(columns, n)
    sport, dport = int(c.sport[n]), int(c.dport[n])
    if name.startswith("icmp"):
        sport = dport = int(c.icmp_id[n])
    ends = Tuple5("", "")
    if version or name == "arp":
        from_ = address(version, int(c.src_high[n]), int(c.src_low[n]))
        ends = Tuple5(from_, address(version, int(c.dst_high[n]), int(c.dst_low[n])), sport, dport)
    source, target = int(c.eth_src[n]), int(c.eth_dst[n])
    eth_dst = mac(target) if target or not source else ""
    return Packet(name, version, ends, mac(source), eth_dst, int(c.ttl[n]), _kind(columns, n, name))


def outermost(columns: Columns, frame: int) -> tuple[int, int]:
    """Where the outermost packet's network and transport headers begin in the data; 0 if there is none."""
    if columns.depth[frame]:
        return int(columns.outer_network[frame]), int(columns.outer_transport[frame])
    return int(columns.network[frame]), int(columns.transport[frame])


def outer_ends(columns: Columns, frame: int) -> tuple[str, str]:
    """The outermost source and destination address of a packet in a tunnel."""
    c, n = columns, frame
    version = 6 if c.outer_src_high[n] or c.outer_dst_high[n] else 4
    source = address(version, int(c.outer_src_high[n]), int(c.outer_src_low[n]))
    return source, address(version, int(c.outer_dst_high[n]), int(c.outer_dst_low[n]))


def encapsulation(columns: Columns, frame: int) -> str:
    """`none`, or the encapsulation around the innermost packet: `vxlan 42 from 10.0.0.1 to 10.0.0.2`."""
    c, n = columns, frame
    if not c.depth[n]:
        return "none"
    source, target = outer_ends(columns, frame)
    kind = TUNNELS[int(c.tunnel[n])]
    return f"{kind}{f' {int(c.vni[n])}' if kind != 'ipip' else ''} from {source} to {target}"


def _kind(c: Columns, n: int, name: str) -> str:
    if name == "tcp":
        flags = int(c.flags[n])
        return ", ".join(word for bit, word in _FLAGS if flags & bit)
    if name in ("icmp", "icmpv6"):
        kind, version = int(c.icmp_type[n]), int(c.version[n])
        error = ERRORS.get((version, kind, int(c.icmp_code[n])))
        return error or _icmp_name(version, kind)
    return ""


_FLAGS = ((2, "SYN"), (1, "FIN"), (4, "RST"), (8, "PSH"), (16, "ACK"))
