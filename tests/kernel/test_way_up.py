"""Where a packet can die on its way up: a matrix of places, each with the kernel's own counter as witness.

For each row the counter grew by as many packets as were sent to die there. Each of them is dropped by that reason; where the
kernel shows too little, the row's `kind` is less: it has arrived, or was lost from sight. A packet that shares the place
and not the fault is not dropped.

Places, in the order in which a packet meets them (IPv4 and IPv6 where both have one; other files in brackets):

- device and bridge: tc at the ingress; netdev and inet ingress, bridge prerouting and forward, ARP in ebtables [before_input]; a
  full queue (qdisc) of a router and behind a bridge [traffic_control]; a port that is disabled, locked, isolated, without
  flooding or hairpin mode; a stale MAC address; an MTU smaller than the sender's; VXLAN [faults];
- IP: fragments that never become whole; before and after all other rules [before_input]; iptables-legacy [legacy]; INVALID;
  a rule that switches tracing off;
- routing: reverse path at router and target, own and loopback source, no route, blackhole, prohibit, unreachable, policy rule,
  forwarding off, TTL, size with "don't fragment", a neighbour that does not answer, IPsec while forwarding;
- transport: IPsec, a protocol that nobody takes, closed UDP and TCP ports, checksums, lengths that lie, an echo that is ignored;
  socket filter, socket buffer, MD5, minimum TTL, accept queue, SYN queue [after_input];
- on the way out: OUTPUT, POSTROUTING, egress, iptables-legacy, no route [unsent].

Not here: a full table of connections, whose size is set for the whole machine (tests/trace/causes has it).
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

import pytest

from cnetkit import Lab

QUIET = "iptables-nft -A OUTPUT -p icmp -j DROP; ip6tables-nft -A OUTPUT -p icmpv6 --icmpv6-type 1 -j DROP; "\
        "ip6tables-nft -A OUTPUT -p icmpv6 --icmpv6-type 2 -j DROP; ip6tables-nft -A OUTPUT -p icmpv6 --icmpv6-type 3 -j DROP; "\
        "ip6tables-nft -A OUTPUT -p icmpv6 --icmpv6-type 4 -j DROP; "  # fmt: skip
"""A node that sends no ICMP errors."""
BEGIN = "import socket, struct\nto = {to!r}\nfamily = socket.AF_INET6 if ':' in to else socket.AF_INET\n"
UDP = "s = socket.socket(family, 2)\nfor n in range(3): s.sendto(b'x' * {size}, (to, 53))\n"
SHORT_LIFE = UDP.replace("2)\n", "2); s.setsockopt(*((41, 16, 1) if ':' in to else (0, 2, 1)))\n", 1)
WHOLE = UDP.replace("2)\n", "2); s.setsockopt(*((41, 23, 3) if ':' in to else (0, 10, 3)))\n", 1)
SYN = "s = socket.socket(family); s.settimeout(0.3)\ntry: s.connect((to, 90))\nexcept OSError: pass\n"
FORGE = "import logging; logging.getLogger('scapy').setLevel(50)\nfrom scapy.all import *\n" \
        "IPX = IPv6 if ':' in to else IP\nsend([{packet}] * {count}, verbose=0)\n"  # fmt: skip
ECHO = "s = socket.socket(family, 2); s.settimeout(5); s.sendto(b'x', (to, 7)); s.recv(9)\n"
WATCH = "nft add table inet watch; " + "; ".join(
    f"nft 'add chain inet watch {hook} {{ type filter hook {hook} priority -500; }}'; "
    f"nft 'add rule inet watch {hook} udp dport 53 counter comment \"{way}\"'"
    for hook, way in (("prerouting", "came"), ("input", "went"), ("forward", "went"))
)
"""What comes in and goes on, counted where no counter of IP's is exact enough."""
TRACED = "nft add table inet fw; nft 'add chain inet fw c {{ type filter hook {hook} priority 0; }}'; "\
         "nft 'add rule inet fw c udp dport 53 meta nftrace set 0'; nft 'add rule inet fw c udp dport 53{} drop'"  # fmt: skip
"""A rule that switches tracing off before the next one drops."""
LINE = {4: ("10.0.1.1", "10.0.2.2", "10.0.1.2"), 6: ("fd00:1::1", "fd00:2::2", "fd00:1::2")}
"""The router, the target and the sender."""


@dataclass(frozen=True)
class Place:
    """`at`: the node, r or b; `make`: what is run there; `send`: what the sender does."""

    at: str
    make: str
    witness: str
    reason: str
    send: str = UDP
    count: int = 3
    size: int = 40
    protocol: str = "udp"
    bystander: str = "b"
    kind: str = "dropped"
    to: str = ""
    """Where the packets go; empty for the target."""


def forged(packet: str, count: int = 3) -> str:
    """A sender of packets that scapy makes."""
    return FORGE.replace("{packet}", packet).replace("{count}", str(count))


TC = {4: "bpf da bytecode '6,48 0 0 23,21 0 3 17,40 0 0 36,21 0 1 53,6 0 0 2,6 0 0 4294967295'",
      6: "bpf da bytecode '6,48 0 0 20,21 0 3 17,40 0 0 56,21 0 1 53,6 0 0 2,6 0 0 4294967295'"}  # fmt: skip


def ruled(version: int) -> dict[str, Place]:
    """Places that somebody's rule makes: of traffic control, netfilter, routing or IPsec."""
    tables = ("iptables", "ip6tables")[version == 6]
    _, target, source = LINE[version]
    add, drop = (
        f"ip -{version} route add",
        f"tc qdisc add dev eth0 clsact; tc filter add dev eth0 ingress protocol all {TC[version]}",
    )
    policy = f"ip xfrm policy add src {source} dst {target} proto udp dport 53 dir"
    net, missing = ("fd00:2::/64", "Ip6InNoRoutes") if version == 6 else ("10.0.2.0/24", "IpExtInNoRoutes")
    segment = forged("IPX(dst=to)/TCP(sport=9,dport=53,flags='FPU')")
    r = {"bystander": "r"}
    return {
        "tc at the target": Place("b", drop, "tc eth0", "a filter of traffic control"),
        "tc at the router": Place("r", drop, "tc eth0", "a filter of traffic control", **r),
        "INVALID": Place("r", f"{tables}-nft -A FORWARD -m conntrack --ctstate INVALID -j DROP", "rule ct state invalid",
                         "INVALID -j DROP", segment, protocol="tcp"),
        "tracing switched off": Place("b", TRACED.format(" counter", hook="input"), "rule drop", "udp dport 53 counter drop"),
        "tracing switched off, without a counter": Place("b", TRACED.format("", hook="prerouting"), "vanished",
                                                         "traced it no further, and a rule of b", kind="arrived"),
        "a blackhole": Place("r", f"{add} blackhole {target}", "vanished", "blackhole", **r),
        "a prohibited route": Place("r", f"{add} prohibit {target}", "vanished", "prohibit", **r),
        "an unreachable route": Place("r", f"{add} unreachable {target}", "vanished", "unreachable|no route to dest", **r),
        "an unreachable route, quietly": Place("r", f"{QUIET} {add} unreachable {target}", "vanished", "unreachable", **r),
        "a policy rule": Place("r", f"ip -{version} rule add from {source} blackhole", "vanished", "blackhole", **r),
        "no route": Place("r", f"ip -{version} route del {net} dev eth1", missing, "unreachable|no route", **r),
        "no route, quietly": Place("r", f"{QUIET} ip -{version} route del {net} dev eth1", missing, "r has no route to", **r),
        "IPsec while forwarding": Place("r", f"{policy} fwd action block", "XfrmInPolBlock", "IPsec"),
        "IPsec": Place("b", f"{policy} in action block", "XfrmInPolBlock", "IPsec"),
        "IPsec wants encryption": Place("b", f"{policy} in tmpl proto esp mode transport", "XfrmInTmplMismatch", "IPsec"),
    }  # fmt: skip


def carried(version: int) -> dict[str, Place]:
    """Places where what the packet carries, or who listens, decides."""
    six, n = version == 6, ("", "6")[version == 6]
    ip, big = ("Ip6", "Ip6InTooBigErrors") if six else ("Ip", "IpFragFails")
    narrow, number = "ip link set eth1 mtu 1300", "nh" if six else "proto"
    part = "IPv6(dst=to)/IPv6ExtHdrFragment(m=1,id=7,nh=17)" if six else "IP(dst=to,id=7,flags='MF',proto=17)"
    echo, icmp = ("ICMPv6EchoRequest()", "icmpv6") if six else ("ICMP()", "icmp")
    datagram, segment = "IPX(dst=to)/UDP(sport=9,dport=53,{})/b'xyz'", "IPX(dst=to)/TCP(sport=9,dport=90,flags='S',{})"
    ignore = "sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv6.icmp.echo_ignore_all=1"
    soon = "sysctl -qw net.ipv4.ipfrag_time=1 net.ipv6.ip6frag_time=1"
    return {
        "time to live": Place("r", "true", f"{ip}InHdrErrors", "time to live|hop limit", SHORT_LIFE),
        "time to live, quietly": Place("r", QUIET, f"{ip}InHdrErrors", "time to live", SHORT_LIFE),
        "size": Place("r", narrow, big, "fragmentation needed|too big", WHOLE, size=1400),
        "size, quietly": Place("r", QUIET + narrow, big, "do not fit eth1", WHOLE, size=1400),
        "a protocol that nobody takes": Place("b", QUIET, f"{ip}InUnknownProtos", "takes its protocol",
                                              forged(f"IPX(dst=to,{number}=253)/b'x'"), protocol="protocol 253"),
        "a closed port": Place("b", "true", f"Udp{n}NoPorts", "port unreachable"),
        "a closed port, quietly": Place("b", QUIET, f"Udp{n}NoPorts", "nobody at b has the port 53"),
        "a closed TCP port": Place("b", "true", "TcpOutRsts", "TCP reset", SYN, 1, protocol="tcp"),
        "a UDP checksum": Place("b", "true", f"Udp{n}InCsumErrors", "checksum is wrong", forged(datagram.format("chksum=1"))),
        "a TCP checksum": Place("b", "true", "TcpInCsumErrors", "checksum is wrong", forged(segment.format("chksum=1")),
                                protocol="tcp"),
        "a TCP header that lies": Place("b", "true", "TcpInErrs", "header has 12 octets", forged(segment.format("dataofs=3")),
                                        protocol="tcp"),
        "a UDP length that lies": Place("b", "true", f"Udp{n}InErrors", "has 999 octets, and it has 11",
                                        forged(datagram.format("len=999"))),
        "fragments that are not all there": Place("b", soon, f"{ip}ReasmFails", "reassembly|fragments of it are missing",
            forged(part + "/UDP(sport=9,dport=53,len=99)/(b'x'*16)", 1) + "time.sleep(2)\n", 1, kind="dropped|lost-from-sight"),
        "an echo that is ignored": Place("b", ignore, f"Icmp{n}InEchos", "ignores echo requests", forged(f"IPX(dst=to)/{echo}"),
                                         protocol=icmp),
    }  # fmt: skip


def lonely() -> dict[tuple[str, int], Place]:
    """Places that one version has, or that need words of their own."""
    datagram, wait = "IP(src='{}',dst=to)/UDP(sport=9,dport=53)", UDP + "import time; time.sleep(4)\n"
    strict, by = "sysctl -qw net.ipv4.conf.all.rp_filter=1", "TcpExtIPReversePathFilter"
    r = {"bystander": "r"}
    return {
        ("reverse path at the router", 4): Place("r", f"ip route add 10.0.1.2/32 via 10.0.2.2; {strict}", by,
                                                 "reverse path filter", bystander=""),
        ("reverse path at the target", 4): Place("b", f"ip route add 10.0.1.2/32 dev lo; {strict}", by,
                                                 "reverse path filter", bystander=""),
        ("a source of its own", 4): Place("r", "true", "vanished", "is an address of r", forged(datagram.format("10.0.2.1"))),
        ("a loopback source", 4): Place("r", "true", "vanished", "loopback address", forged(datagram.format("127.0.0.9"))),
        ("forwarding off", 4): Place("r", "sysctl -qw net.ipv4.ip_forward=0", "IpInAddrErrors", "does not forward", **r),
        ("forwarding off", 6): Place("r", "sysctl -qw net.ipv6.conf.all.forwarding=0", "Ip6InAddrErrors", "does not forward",
                                     **r),
        ("a silent neighbour", 4): Place("r", QUIET, "FAILED", "nobody answered for 10.0.2.77", wait, to="10.0.2.77"),
        ("a silent neighbour", 6): Place("r", QUIET, "FAILED", "nobody answered for fd00:2::77", wait, to="fd00:2::77"),
    }  # fmt: skip


PLACES = {
    (name, version): row for version in (4, 6) for name, row in (ruled(version) | carried(version)).items()
} | lonely()


class Line:
    """a - eth0 r eth1 - b; an echo service at port 7 of r and b."""

    def __init__(self, lab: Lab, version: int) -> None:
        self.a, self.r, self.b = lab.host("a"), lab.router("r"), lab.host("b")
        for node, four, six in ((self.a, "10.0.1.0/24", "fd00:1::/64"), (self.b, "10.0.2.0/24", "fd00:2::/64")):
            lab.connect(node, self.r, four, *([six] if version == 6 else []))
        self.router, self.target, self.sender = LINE[version]
        for node in (self.r, self.b):
            node.udp_echo(7)
        self.run(ECHO, self.target)
        self.run(ECHO, self.router)

    def run(self, code: str, to: str, size: int = 40) -> None:
        self.a.run([sys.executable, "-c", BEGIN.format(to=to) + code.replace("{size}", str(size))], check=True)


def counter(node, name: str) -> int:
    """What the kernel has counted there, read without this project's code."""
    kind, _, what = name.partition(" ")
    if kind == "tc":
        return int(re.search(r"clsact(?:.|\n)*?dropped (\d+)", node.run(f"tc -s qdisc show dev {what}").output)[1])
    if kind == "rule":
        return sum(int(packets) for line in node.run("nft list ruleset").output.splitlines() if what in line
                   for packets in re.findall(r"packets (\d+)", line))  # fmt: skip
    if kind == "FAILED":
        return 3 * node.run("ip neigh").output.count("FAILED")
    if kind == "vanished":
        listed = re.findall(
            r"packets (\d+) bytes \d+ comment \"(came|went)\"", node.run("nft list table inet watch").output
        )
        return sum(int(packets) * (1 if way == "came" else -1) for packets, way in listed)
    words = node.run(f"cat /proc/net/xfrm_stat; nstat -asz {kind}").output.split()
    return int(words[words.index(kind) + 1]) if kind in words else 0


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[0]}, IPv{place[1]}")
def test_what_dies_there_is_dropped_by_its_reason_and_a_bystander_is_not(place):
    row, version = PLACES[place], place[1]
    with Lab("net", ipv6=version == 6) as lab:
        line = Line(lab, version)
        node = {"r": line.r, "b": line.b}[row.at]
        node.run(row.make + (f"; {WATCH}" if row.witness == "vanished" else ""), check=True)
        before = counter(node, row.witness)
        with lab.trace() as trace:
            line.run(row.send, row.to or line.target, row.size)
            if row.bystander:
                line.run(ECHO, line.target if row.bystander == "b" else line.router)
        grew = counter(node, row.witness) - before
        ends = row.to or line.target, row.protocol
        dead = [one for one in trace.journeys if (one.packet.ends.destination, one.packet.protocol) == ends
                and one.packet.ends.destination_port != 7]  # fmt: skip
        others = trace.select("udp.dstport == 7").journeys
        assert (grew, len(dead)) == (row.count, row.count), "the fault did not happen"
        for outcome in (journey.outcome for journey in dead):
            assert re.fullmatch(row.kind, outcome.kind), outcome
            assert re.search(row.reason, outcome.reason), outcome
            assert outcome.where.split("/")[0] == row.at
            assert outcome.evidence
        assert "dropped" not in {journey.outcome.kind for journey in others}
        assert len(others) == bool(row.bystander)
