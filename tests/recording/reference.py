"""A slow decoder of one frame at a time, written octet by octet from the standards: the judge of what columns say of a frame.

It shares no code and no technique with cnetkit.recording: no arrays, no words of eight octets. Octets past the end read as 0.
"""

from __future__ import annotations

from typing import Any

ETHERNET = 0x6558
PPP_NUMBERS = {0x0021: 0x0800, 0x0057: 0x86DD, 0x0281: 0x8847}
TCP, UDP, SCTP, ICMP, ICMPV6, GRE = 6, 17, 132, 1, 58, 47
OUTER = (
    "eth_src",
    "eth_dst",
    "vlan",
    "src_high",
    "src_low",
    "dst_high",
    "dst_low",
    "ttl",
    "ident",
    "network",
    "transport",
)
NETWORK = ("eth_src", "eth_dst", "ethertype", "vlan", "version", "src_high", "src_low", "dst_high", "dst_low", "tos", "ttl",
           "ident", "protocol", "length", "fragment", "more", "sport", "dport", "seq", "ack", "flags", "window", "icmp_type",
           "icmp_code", "icmp_id", "icmp_seq", "payload", "network", "transport")  # fmt: skip
PLACES = ("payload", "network", "transport", "outer_network", "outer_transport")


def decoded(data: bytes, linktype: int) -> dict[str, int]:
    """The columns of one frame by name; places count from its first octet."""
    return _Frame(data, linktype).out


class _Frame:
    def __init__(self, data: bytes, linktype: int) -> None:
        self.data, self.stop = data, len(data)
        kept = ("problem", "for_other", "depth", "tunnel", "vni")
        self.out: dict[str, Any] = dict.fromkeys((*NETWORK, *kept, *(f"outer_{name}" for name in OUTER)), 0)
        self.out["payload_length"] = 0
        inside = self.link(linktype)
        for _ in range(5):
            if inside is None:
                break
            inside = self.packet(*inside)
            if inside is None or self.out["depth"] == 4:
                break
            inside = self.deeper(*inside)
        self.out["payload_length"] = max(self.stop - self.out["payload"], 0)

    def n(self, at: int, size: int = 1, order: Any = "big") -> int:
        """The number in `size` octets."""
        octets = self.data[min(at, self.stop) : max(0, min(at + size, self.stop))]
        return int.from_bytes(octets + bytes(size - len(octets)), order)

    def short(self, size: int, at: int = 0) -> None:
        if self.stop - at < size:
            self.out["problem"] = 1

    def bounded(self, at: int) -> int:
        return min(at, self.stop)

    # --- Link headers

    def link(self, kind: int) -> tuple[int, int] | None:
        if kind == 1:
            return self.ethernet(0)
        if kind in (101, 12, 14, 228, 229, 0, 108):
            skip = 4 if kind in (0, 108) else 0
            self.short(skip + 1)
            return self.bounded(skip), self.by_version(self.bounded(skip))
        if kind in (113, 276):
            self.short(16 if kind == 113 else 20)
            packet, address, protocol = (1, 6, 14) if kind == 113 else (10, 12, 0)
            self.out["for_other"] = self.n(packet) == 3
            self.out["eth_src"] = self.n(address, 6)
            ethertype = self.n(protocol, 2)
            own = ethertype < 0x600 and ethertype != 4
            return self.bounded(16 if kind == 113 else 20), 0xFF00 | ethertype & 0xFF if own else ethertype
        if kind in (9, 50, 51, 204):
            skip = {51: 6, 204: 1}.get(kind, 0)
            self.short(skip + 2)
            at, ethertype = self.ppp(self.bounded(skip))
            return self.bounded(at), ethertype
        if kind == 104:
            self.short(4)
            return self.bounded(4), self.n(2, 2)
        if kind == 239:
            return self.nflog()
        if kind in (105, 127, 163):
            return self.wifi({105: 0, 127: self.n(2, 2, "little"), 163: self.n(4, 4)}[kind])
        self.out["problem"] = 2
        return None

    def ethernet(self, at: int) -> tuple[int, int]:
        self.short(14, at)
        self.out["eth_dst"], self.out["eth_src"] = self.n(at, 6), self.n(at + 6, 6)
        ethertype, at = self.n(at + 12, 2), at + 14
        for _ in range(3):
            if ethertype in (0x8100, 0x88A8, 0x9100):
                self.out["vlan"] = (self.out["vlan"] << 12 | self.n(at, 2) & 0xFFF) & 0xFFFFFF
                ethertype, at = self.n(at + 2, 2), at + 4
        return self.bounded(at), ethertype

    def by_version(self, at: int, otherwise: int = 0) -> int:
        return {4: 0x0800, 6: 0x86DD}.get(self.n(at) >> 4, otherwise)

    def ppp(self, at: int) -> tuple[int, int]:
        if self.n(at, 2) == 0xFF03:
            at += 2
        if self.n(at) & 1:
            return at + 1, PPP_NUMBERS.get(self.n(at), 0x880B)
        return at + 2, PPP_NUMBERS.get(self.n(at, 2), 0x880B)

    def nflog(self) -> tuple[int, int]:
        at = 4
        for _ in range(32):
            if at >= self.stop:
                break
            length, kind = self.n(at, 2, "little"), self.n(at + 2, 2, "little") & 0x7FFF
            if length < 4:
                break
            if kind == 9 and at + 4 < self.stop:
                return at + 4, self.by_version(at + 4)
            at += (length + 3) // 4 * 4
        self.out["problem"] = 1
        return self.stop, 0

    def wifi(self, at: int) -> tuple[int, int]:
        self.short(24, at)
        at = self.bounded(at)
        kind, subtype, flags = self.n(at) >> 2 & 3, self.n(at) >> 4, self.n(at + 1)
        to, off = flags & 1, flags >> 1 & 1
        first, second, third, fourth = (self.n(at + place, 6) for place in (4, 10, 16, 24))
        if kind == 2:
            self.out["eth_dst"] = third if to else first
            self.out["eth_src"] = fourth if to and off else third if off else second
        at += 24 + 6 * (to and off)
        if subtype & 8:
            at += 2 + 4 * (flags >> 7)
        plain = kind == 2 and not subtype & 4 and not flags & 0x40
        if plain and self.n(at, 6) == 0xAAAA03000000 and at + 8 <= self.stop:
            return at + 8, self.n(at + 6, 2)
        return self.bounded(at), 0

    # --- Network headers

    def packet(self, at: int, ethertype: int) -> tuple[int, int, int, int] | None:
        """Reads the packet at `at`; returns tunnel, place, EtherType and identifier of the packet inside."""
        if ethertype == 0x8864:
            at, ethertype = self.ppp(self.bounded(at + 6))
            at = self.bounded(at) if ethertype not in (0x8847, 0x8848) else at
        if ethertype in (0x8847, 0x8848):
            at, ethertype = self.mpls(at)
        at = self.bounded(at)
        self.out.update(ethertype=ethertype, payload=at, network=at)
        if ethertype == 0x0806:
            self.out.update(src_low=self.n(at + 14, 4), dst_low=self.n(at + 24, 4))
        if ethertype == 0x0800:
            return self.ipv4(at)
        return self.ipv6(at) if ethertype == 0x86DD else None

    def mpls(self, at: int) -> tuple[int, int]:
        for _ in range(8):
            if at + 4 > self.stop:
                break
            at += 4
            if self.n(at - 2) & 1:
                return at, self.by_version(at, 0x8847)
        return at, 0x8847

    def ipv4(self, at: int) -> tuple[int, int, int, int] | None:
        header, size = (self.n(at) & 15) * 4, self.n(at + 2, 2)
        if self.n(at) >> 4 != 4 or header < 20 or self.stop - at < header:
            return None
        pieces = self.n(at + 6, 2)
        self.out.update(version=4, tos=self.n(at + 1), length=size, ident=self.n(at + 4, 2), more=pieces >> 13 & 1,
                        fragment=(pieces & 0x1FFF) * 8, ttl=self.n(at + 8), src_low=self.n(at + 12, 4),
                        dst_low=self.n(at + 16, 4))  # fmt: skip
        protocol = self.n(at + 9)
        if size >= header:
            self.stop = self.bounded(at + size)
        return self.transport(at + header, protocol)

    def ipv6(self, at: int) -> tuple[int, int, int, int] | None:
        if self.n(at) >> 4 != 6 or self.stop - at < 40:
            return None
        size = self.n(at + 4, 2) + 40
        self.out.update(version=6, tos=self.n(at, 4) >> 20 & 0xFF, length=size, ttl=self.n(at + 7))
        for name, place in (("src_high", 8), ("src_low", 16), ("dst_high", 24), ("dst_low", 32)):
            self.out[name] = self.n(at + place, 8)
        protocol, self.stop, at = self.n(at + 6), self.bounded(at + size), at + 40
        for _ in range(8):
            if protocol not in (0, 43, 44, 51, 60) or self.out["fragment"] or at + 8 > self.stop:
                break
            following, octet, kind = self.n(at), self.n(at + 1), protocol
            if kind == 44:
                pieces = self.n(at + 2, 2)
                self.out.update(fragment=pieces & 0xFFF8, more=pieces & 1, ident=self.n(at + 4, 4))
            at += {44: 8, 51: octet * 4 + 8}.get(kind, octet * 8 + 8)
            protocol = following
        return self.transport(self.bounded(at), protocol)

    # --- Transport headers

    def transport(self, at: int, protocol: int) -> tuple[int, int, int, int] | None:
        self.out.update(protocol=protocol, payload=at, transport=at)
        if self.out["fragment"] or at >= self.stop:
            return None
        if protocol in (TCP, UDP, SCTP):
            self.out.update(sport=self.n(at, 2), dport=self.n(at + 2, 2))
        if protocol == TCP:
            self.out.update(seq=self.n(at + 4, 4), ack=self.n(at + 8, 4), flags=self.n(at + 12, 2) & 0xFFF,
                            window=self.n(at + 14, 2))  # fmt: skip
            self.out["payload"] = self.bounded(at + max(20, (self.n(at + 12) >> 4) * 4))
        if protocol in (UDP, ICMP, ICMPV6):
            self.out["payload"] = self.bounded(at + 8)
        if protocol in (ICMP, ICMPV6):
            kind = self.n(at)
            self.out.update(
                icmp_type=kind, icmp_code=self.n(at + 1), icmp_id=self.n(at + 4, 2), icmp_seq=self.n(at + 6, 2)
            )
            if kind in ((3, 4, 5, 11, 12) if protocol == ICMP else (1, 2, 3, 4)):
                self.quoted(at + 8)
        return None if self.out["more"] else self.tunnel(at, protocol)

    def quoted(self, at: int) -> None:
        four = self.n(at) >> 4 == 4
        header = (self.n(at) & 15) * 4 if four else 40
        protocol = self.n(at + 9) if four else self.n(at + 6)
        self.out["icmp_id"] = self.n(at + 4, 2) if four else 0
        self.out["payload"] = self.bounded(at + header + (20 if protocol == TCP else 8))

    # --- Tunnels

    def tunnel(self, at: int, protocol: int) -> tuple[int, int, int, int] | None:
        """The tunnel's number in TUNNELS, where the packet inside begins, its EtherType, the tunnel's identifier."""
        port = self.n(at + 2, 2) if protocol == UDP else 0
        if port in (4789, 8472):
            return (1, at + 16, ETHERNET, self.n(at + 12, 3)) if self.n(at + 8) & 8 and at + 30 <= self.stop else None
        if port == 6081:
            place = at + 16 + (self.n(at + 8) & 63) * 4
            good = self.n(at + 8) >> 6 == 0 and place + 14 <= self.stop
            return (3, place, self.n(at + 10, 2), self.n(at + 12, 3)) if good else None
        if port == 2152:
            return self.gtp(at + 8)
        if port == 1701:
            return self.l2tp(at + 8)
        if protocol in (4, 41):
            return 4, at, 0x0800 if protocol == 4 else 0x86DD, 0
        return self.gre(at) if protocol == GRE else None

    def gre(self, at: int) -> tuple[int, int, int, int] | None:
        ethertype, bits = self.n(at + 2, 2), self.n(at)
        summed, keyed, numbered = bits >> 7 & 1, bits >> 5 & 1, bits >> 4 & 1
        place = at + 4 + (summed + keyed + numbered) * 4
        if ethertype in (0x88BE, 0x22EB):
            if self.n(at + 1) & 7:
                return None
            session = self.n(place + 2, 2) & 0x3FF if numbered or ethertype == 0x22EB else 0
            if ethertype == 0x22EB:
                place += 12 + 8 * (self.n(place + 11) & 1)
            elif numbered:
                place += 8
            return (5, place, ETHERNET, session) if place + 14 <= self.stop else None
        if self.stop - at < 4 or bits & 0x40 or self.n(at + 1) & 7:
            return None
        return 2, self.bounded(place), ethertype, self.n(at + 4 + summed * 4, 4) if keyed else 0

    def gtp(self, at: int) -> tuple[int, int, int, int] | None:
        flags, place = self.n(at), at + 8
        if flags >> 4 != 3 or self.n(at + 1) != 255:
            return None
        more = self.n(place + 3) if flags & 4 else 0
        place += 4 if flags & 7 else 0
        for _ in range(4):
            length = self.n(place) * 4
            if more and length:
                more, place = self.n(place + length - 1), place + length
        ethertype = self.by_version(place)
        return None if more or not ethertype or place + 20 > self.stop else (6, place, ethertype, self.n(at + 4, 4))

    def l2tp(self, at: int) -> tuple[int, int, int, int] | None:
        flags = self.n(at, 2)
        if flags & 0x800F != 2:
            return None
        at += 4 if flags & 0x4000 else 2
        tunnel, at = self.n(at, 2), at + (8 if flags & 0x0800 else 4)
        at += 2 + self.n(at, 2) if flags & 0x0200 else 0
        place, ethertype = self.ppp(self.bounded(at))
        return (7, place, ethertype, tunnel) if place < self.stop else None

    def deeper(self, tunnel: int, at: int, ethertype: int, vni: int) -> tuple[int, int]:
        if not self.out["depth"]:
            self.out.update({f"outer_{name}": self.out[name] for name in OUTER})
        self.out.update(dict.fromkeys(NETWORK, 0))
        self.out.update(depth=self.out["depth"] + 1, tunnel=tunnel, vni=vni & 0xFFFFFFFF)
        return self.ethernet(at) if ethertype == ETHERNET else (at, ethertype)
