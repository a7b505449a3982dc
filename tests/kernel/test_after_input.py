"""Where a packet can die after netfilter let it in, with the kernel's own counter as witness: said rightly, or not at all.

A healthy packet is delivered, and it is said how that is known.
"""

from __future__ import annotations

import sys

import pytest

from cnetkit import Lab

PYTHON = ["python3", "-c"]
WAIT = "print('ready', flush=True)\nimport sys; sys.stdin.read()"
UDP = "import socket, struct, ctypes\ns = socket.socket({family}, 2); s.bind(('', 99))\n"
TCP = "import socket, struct\ns = socket.socket({family}); s.bind(('', 90))\n"
FAMILIES = {4: "socket.AF_INET", 6: "socket.AF_INET6"}
FILTER = "b = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))\n" \
         "s.setsockopt(1, 26, struct.pack('HL', 1, ctypes.addressof(b)))\n"  # fmt: skip
SMALL = "s.setsockopt(1, 8, 1)\n"
MD5 = "k = struct.pack('HH4s120x', 2, 0, socket.inet_aton('10.0.0.2'))\n" \
      "s.setsockopt(6, 14, k + struct.pack('HHI80s', 0, 4, 0, b'abcd'))\n"  # fmt: skip
MIN_TTL = "s.setsockopt(0, 21, 200)\n"
MIN_HOPS = "s.setsockopt(41, 73, 200)\n"
ASK = {
    "udp": "import socket\ns = socket.socket({family}, 2)\nfor n in range({count}): s.sendto(b'x' * 600, ('{to}', 99))\n",
    "tcp": "import socket\ns = socket.socket({family}); s.settimeout(0.4)\ntry: s.connect(('{to}', 90))\nexcept OSError: pass\n",
}  # fmt: skip


class Wire:
    """Two hosts, `a` and `b`, on a wire; a program at `b`."""

    def __init__(self, lab: Lab, version: int, program: str) -> None:
        self.a, self.b = lab.host("a"), lab.host("b")
        lab.connect(self.a, self.b, "10.0.0.0/24", *(["fd00::/64"] if version == 6 else []))
        self.to, self.version = "10.0.0.1" if version == 4 else "fd00::1", version
        self.a.run(f"ping -c 1 -W 2 {self.to}", check=True)
        if program:
            started = self.b.start([*PYTHON, program.format(family=FAMILIES[version]) + WAIT])
            while "ready" not in started.output and started.running:
                pass

    def ask(self, protocol: str, count: int = 1) -> None:
        self.a.run([*PYTHON, ASK[protocol].format(family=FAMILIES[self.version], to=self.to, count=count)], check=True)

    def counter(self, name: str) -> int:
        words = self.b.run(f"cat /proc/net/snmp6 /proc/net/xfrm_stat 2>/dev/null; nstat -asz {name}").output.split()
        return int(float(words[words.index(name) + 1])) if name in words else 0


CASES = {
    "udp buffer": (4, UDP + SMALL, "udp", 20, "UdpRcvbufErrors", "receive buffer was full"),
    "udp buffer, IPv6": (6, UDP + SMALL, "udp", 20, "Udp6RcvbufErrors", "receive buffer was full"),
    "socket filter": (4, UDP + FILTER, "udp", 3, "UdpInErrors", "socket filter"),
    "socket filter, IPv6": (6, UDP + FILTER, "udp", 3, "Udp6InErrors", "socket filter"),
    "md5": (4, TCP + MD5 + "s.listen()\n", "tcp", 1, "TcpExtTCPMD5NotFound", "MD5"),
    "minimum TTL": (4, TCP + MIN_TTL + "s.listen()\n", "tcp", 1, "TcpExtTCPMinTTLDrop", "minimum"),
    "minimum hop limit, IPv6": (6, TCP + MIN_HOPS + "s.listen()\n", "tcp", 1, "TcpExtTCPMinTTLDrop", "minimum"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_socket_threw_away_is_dropped_by_the_reason_that_the_kernel_counted(name):
    version, program, protocol, count, counter, reason = CASES[name]
    with Lab("after", ipv6=version == 6) as lab:
        wire = Wire(lab, version, program)
        before = wire.counter(counter)
        with lab.trace() as trace:
            wire.ask(protocol, count)
        grew = wire.counter(counter) - before
    assert grew > 0, "the fault did not happen"
    asked = [one for one in trace.journeys if one.packet.protocol == protocol and one.packet.destination.startswith(
        wire.to if version == 4 else f"[{wire.to}]")]  # fmt: skip
    dropped = [one for one in asked if one.outcome.kind == "dropped"]
    assert len(dropped) == grew
    assert all(reason in one.outcome.reason and one.outcome.evidence[0].kind == "counter" for one in dropped)
    assert dropped == asked[-grew:]
    assert {one.outcome.kind for one in asked[:-grew]} <= {"delivered", "arrived"}


def test_an_ipsec_policy_is_named_by_its_counter(lab):
    wire = Wire(lab, 4, UDP)
    wire.b.run("ip xfrm policy add dir in src 10.0.0.2/32 dst 10.0.0.1/32 proto udp action block", check=True)
    with lab.trace() as trace:
        wire.ask("udp")
    assert wire.counter("XfrmInPolBlock") == 1
    (asked,) = [one for one in trace.journeys if one.packet.protocol == "udp"]
    assert (asked.outcome.kind, "IPsec" in asked.outcome.reason) == ("dropped", True)


def test_a_counter_that_moved_for_others_too_only_says_what_may_have_been(lab):
    wire = Wire(lab, 4, UDP + SMALL)
    other = wire.b.start([*PYTHON, "import socket\ns = socket.socket(type=2); s.bind(('', 98))\n" + WAIT])
    while "ready" not in other.output:
        pass
    with lab.trace() as trace:
        wire.ask("udp", 20)
        wire.a.run([*PYTHON, "import socket; socket.socket(type=2).sendto(b'x', ('10.0.0.1', 98))"], check=True)
    quiet = next(one for one in trace.journeys if one.packet.destination == "10.0.0.1:98")
    assert quiet.outcome.kind == "arrived"
    assert quiet.outcome.reason.startswith("one of these may have taken it: ")


def test_what_was_answered_read_or_let_in_is_delivered_and_says_how_that_is_known(lab):
    wire = Wire(lab, 4, "")
    wire.b.http_server(80)
    wire.b.udp_echo(7)
    with lab.trace() as trace:
        wire.a.run("curl -s -m 5 http://10.0.0.1/", check=True)
        wire.a.run(
            [*PYTHON, "import socket; s = socket.socket(type=2); s.sendto(b'x', ('10.0.0.1', 7)); s.recv(9)"],
            check=True,
        )
        wire.a.run("ping -c 1 -W 2 10.0.0.1", check=True)
    assert {one.outcome.kind for one in trace.journeys} == {"delivered"}
    assert all(one.outcome.evidence for one in trace.journeys)
    assert {one.outcome.evidence[-1].kind for one in trace.journeys} >= {"answer"}


def test_without_the_kernels_verdicts_a_datagram_that_nobody_read_has_only_arrived(lab):
    wire = Wire(lab, 4, UDP)
    with lab.trace(verdicts=False) as trace:
        wire.ask("udp")
    (asked,) = [one for one in trace.journeys if one.packet.protocol == "udp"]
    assert (asked.outcome.kind, asked.outcome.reason) == ("arrived", "")


def test_a_full_queue_of_connections_is_the_cause_for_as_many_syns_as_it_refused(lab):
    wire = Wire(lab, 4, TCP + "s.listen(0)\n")
    many = "import socket\nkept = []\nfor n in range(5):\n s = socket.socket(); s.settimeout(0.2); kept.append(s)\n" \
           " try: s.connect(('10.0.0.1', 90))\n except OSError: pass\n"  # fmt: skip
    with lab.trace() as trace:
        wire.a.run([*PYTHON, many], check=True)
    dropped = [one for one in trace.journeys if one.outcome.kind == "dropped"]
    assert len(dropped) == wire.counter("TcpExtListenOverflows") > 0
    assert {one.outcome.reason for one in dropped} == {"the listener's queue of connections was full"}
    assert {one.packet.kind for one in dropped} == {"SYN"}


def test_a_full_queue_of_half_open_connections_is_the_cause_for_the_last_syns(lab):
    wire = Wire(lab, 4, TCP + "s.listen(2)\n")
    wire.b.run("sysctl -qw net.ipv4.tcp_syncookies=0", check=True)
    quiet = "import logging; logging.getLogger('scapy').setLevel(50)\nfrom scapy.all import *\n"
    syn = "IP(src=f'10.0.0.{n}', dst='10.0.0.1') / TCP(sport=n, dport=90, flags='S')"
    forge = f"{quiet}send([{syn} for n in range(50, 58)], verbose=0)"
    with lab.trace() as trace:
        wire.a.run([sys.executable, "-c", forge], check=True)
    syns = [one for one in trace.journeys if one.packet.protocol == "tcp" and one.packet.kind == "SYN"]
    full = wire.counter("TcpExtTCPReqQFullDrop")
    assert len(syns) > full > 0
    assert [one.outcome.kind for one in syns[-full:]] == ["dropped"] * full
    assert {one.outcome.reason for one in syns[-full:]} == {
        "the listener's queue of half-open connections (SYN backlog) was full"
    }
    assert "dropped" not in {one.outcome.kind for one in syns[:-full]}
