"""Numbers of protocols: EtherTypes, IP protocols and ports. Sources: IANA's registries, IEEE 802."""

from __future__ import annotations

ARP, IPV4, IPV6, BRIDGED = 0x0806, 0x0800, 0x86DD, 0x6558
"""EtherTypes; BRIDGED stands for a whole Ethernet frame (transparent Ethernet bridging)."""
MPLS, MPLS_UPSTREAM, PPPOE, PPP = 0x8847, 0x8848, 0x8864, 0x880B
LINUX = 0xFF00
"""Added to Linux's own numbers for frames that have no EtherType (linux/if_ether.h): 0xFF0C is CAN."""
VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
ICMP, IPIP, TCP, UDP, IPV6_IN_IP, GRE, ICMPV6, SCTP = 1, 4, 6, 17, 41, 47, 58, 132
EXTENSIONS = (0, 43, 44, 51, 60)
"""IPv6 extension headers that are skipped (RFC 8200; 51 is AH, RFC 4302)."""
ICMP_ERRORS, ICMPV6_ERRORS = (3, 4, 5, 11, 12), (1, 2, 3, 4)
"""The types of ICMP errors, which quote the packet they are about."""
DNS_PORTS = (53, 5353, 5355)
"""DNS, and its relatives on one link: multicast DNS (RFC 6762) and LLMNR (RFC 4795)."""
