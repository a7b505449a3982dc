"""Faults of every kind, injected into live labs: the named cause is the right one, or none is named."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cnetkit.lab import Lab
from cnetkit.trace import Journey, Trace
from tests.kernel.conftest import Dock
from tests.kernel.overlays import cluster, overlay
from tests.kernel.tagged import answer, ask, ready

Fault = tuple[Callable[..., Trace], str, str, str]
FAULTS: dict[str, Fault] = {}
"""The function that makes it, where the packet's journey begins, and patterns of its reason and of its last place."""

QUIET = "iptables-nft -A OUTPUT -p icmp -j DROP"
"""A node that sends no ICMP errors and no resets."""

RAW = """
import socket, struct, sys
source, target, ttl, wrong = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
data = b"ask:99999999"
pack = socket.inet_aton
def total(octets):
    value = sum(struct.unpack("!%dH" % (len(octets) // 2), octets))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return 0xFFFF - value
udp = struct.pack("!4H", 5, 53, 8 + len(data), 0)
check = total(pack(source) + pack(target) + struct.pack("!2H", 17, len(udp) + len(data)) + udp + data) ^ wrong
udp = struct.pack("!4H", 5, 53, 8 + len(data), check)
head = struct.pack("!BBHHHBBH4s4s", 69, 0, 28 + len(data), 7, 0, ttl, 17, 0, pack(source), pack(target))
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
s.sendto(head + udp + data, (target, 0))
"""

PROBE = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 3)  # IP_MTU_DISCOVER, IP_PMTUDISC_PROBE: never in fragments
s.sendto(b"ask:99999999" * 100, (sys.argv[1], 53))
"""

FULL = """
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 81))
s.listen(0)
print("ready", flush=True)
sys.stdin.read()
"""

CONNECT = """
import socket, sys, time
kept = []
for _ in range(int(sys.argv[3])):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex((sys.argv[1], int(sys.argv[2])))
    kept.append(s)
    time.sleep(0.05)
"""


MANY = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
for _ in range(200):
    s.sendto(b"x" * 1000, (sys.argv[1], int(sys.argv[2])))
"""


def fault(begins: str, reason: str, where: str) -> Callable[[Callable[..., Trace]], Callable[..., Trace]]:
    def keep(make: Callable[..., Trace]) -> Callable[..., Trace]:
        FAULTS[make.__name__] = (make, begins, reason, where)
        return make

    return keep


class Line:
    """a - r1 - r2 - b; b answers at UDP port 53 and TCP port 80."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.a, self.b, self.r1, self.r2 = lab.host("a"), lab.host("b"), lab.router("r1"), lab.router("r2")
        six = ("fd00:1::/64", "fd00:0::/64", "fd00:2::/64") if lab.ipv6 else ("", "", "")
        networks = [
            tuple(filter(None, pair)) for pair in zip(("10.0.1.0/24", "10.0.0.0/24", "10.0.2.0/24"), six, strict=True)
        ]
        lab.connect(self.a, self.r1, *networks[0])
        lab.connect(self.r2, self.r1, *networks[1])
        lab.connect(self.b, self.r2, *networks[2])
        self.r1.route("10.0.2.0/24", via="10.0.0.2")
        self.r2.route("10.0.1.0/24", via="10.0.0.1")
        answer(self.b, 53)
        self.b.http_server(80)
        self.a.run(f"ping -c1 {self.b.address}", check=True)

    def traced(
        self, command: str | list[str] = "", *, to: str = "", port: int = 53, size: int = 40, wait: float = 0.1
    ) -> Trace:
        with self.lab.trace() as trace:
            if command:
                self.a.run(command)
            else:
                ask(self.a, to or self.b.address, port, 1, size=size, patience=wait)
        return trace


@fault("a/eth0", "r1 does not forward packets", "r1/eth0")
def forwarding_is_off(lab):
    line = Line(lab)
    line.r1.sysctl("net.ipv4.ip_forward", 0)
    return line.traced()


@fault("a/eth0", "answered with ICMP network unreachable", "r1/eth0")
def no_route(lab):
    line = Line(lab)
    line.r1.run("ip route del 10.0.2.0/24", check=True)
    return line.traced()


@fault("a/eth0", "r1 has no route to 10.0.2.2", "r1/eth0")
def no_route_and_no_answer(lab):
    line = Line(lab)
    line.r1.run(f"ip route del 10.0.2.0/24; {QUIET}", check=True)
    return line.traced()


@fault("a/eth0", r"the route for 10.0.2.2 is a blackhole", "r1/eth0")
def a_blackhole(lab):
    line = Line(lab)
    line.r1.run("ip route replace blackhole 10.0.2.0/24", check=True)
    return line.traced()


@fault("a/eth0", "answered with ICMP communication administratively prohibited", "r1/eth0")
def a_prohibited_route(lab):
    line = Line(lab)
    line.r1.run("ip route replace prohibit 10.0.2.0/24", check=True)
    return line.traced()


@fault("a/eth0", "answered with ICMP host unreachable", "r1/eth0")
def an_unreachable_route(lab):
    line = Line(lab)
    line.r1.run("ip route replace unreachable 10.0.2.0/24", check=True)
    return line.traced()


@fault("a/eth0", "reverse path filter: answers to its source 10.0.1.2 would leave by eth1, not by eth0", "r2/eth0")
def the_reverse_path_filter(lab):
    line = Line(lab)
    line.r2.run("ip route replace 10.0.1.0/24 via 10.0.2.2", check=True)
    line.r2.sysctl("net.ipv4.conf.all.rp_filter", 1)
    return line.traced()


@fault("a/eth0", "answered with ICMP time to live exceeded in transit", "r1/eth0")
def a_short_life(lab):
    return Line(lab).traced("ping -c1 -W1 -t1 10.0.2.2")


@fault("a/eth0", "its time to live ended here", "r1/eth0")
def a_short_life_and_no_answer(lab):
    line = Line(lab)
    line.r1.run(QUIET, check=True)
    return line.traced("ping -c1 -W1 -t1 10.0.2.2")


def narrow(line: Line) -> None:
    """The link between the routers has an MTU of 1,000."""
    for router, name in ((line.r1, "eth1"), (line.r2, "eth0")):
        router.run(f"ip link set {name} mtu 1000", check=True)


@fault("a/eth0", "answered with ICMP fragmentation needed", "r1/eth0")
def too_large_for_a_link(lab):
    line = Line(lab)
    narrow(line)
    return line.traced(["python3", "-c", PROBE, "10.0.2.2"])


@fault("a/eth0", "its 1228 octets do not fit eth1 and must not be fragmented", "r1/eth0")
def too_large_for_a_link_and_no_answer(lab):
    line = Line(lab)
    narrow(line)
    line.r1.run(QUIET, check=True)
    return line.traced(["python3", "-c", PROBE, "10.0.2.2"])


@fault("a/eth0", "its 1048 octets are more than b/eth0 takes", "r2/eth1")
def an_end_that_takes_less(lab):
    line = Line(lab)
    line.b.run("ip link set eth0 mtu 600", check=True)
    return line.traced(size=1008)


@fault("a/eth0", "answered with ICMP host unreachable", "r2/eth0")
def a_neighbour_that_is_not_there(lab):
    return Line(lab).traced("ping -c1 -W4 10.0.2.77")


@fault("a/eth0", "it waits for 10.0.2.77 at eth1, which has not answered", "r2/eth0")
def a_neighbour_that_may_still_answer(lab):
    return Line(lab).traced(to="10.0.2.77")


@fault("a/eth0", "nobody answered for 10.0.2.77 at eth1", "r2/eth0")
def a_neighbour_that_is_not_there_and_no_answer(lab):
    line = Line(lab)
    line.r2.run(QUIET, check=True)
    return line.traced("ping -c1 -W4 10.0.2.77")


@fault("a/eth0", "addressed to 02:de:ad:00:00:01, which b does not have", "b/eth0")
def a_wrong_neighbour_entry(lab):
    line = Line(lab)
    line.r2.run("ip neigh replace 10.0.2.2 lladdr 02:de:ad:00:00:01 dev eth1 nud permanent", check=True)
    return line.traced()


@fault("a/eth0", "answered with ICMP port unreachable", "b/eth0")
def a_closed_port(lab):
    return Line(lab).traced(port=54)


@fault("a/eth0", "nobody at b has the port 54", "b/eth0")
def a_closed_port_and_no_answer(lab):
    line = Line(lab)
    line.b.run(QUIET, check=True)
    return line.traced(port=54)


@fault("a/eth0", "answered with a TCP reset", "b/eth0")
def a_closed_tcp_port(lab):
    return Line(lab).traced("curl -s -m1 http://10.0.2.2:81/")


@fault("a/eth0", "-A INPUT -p udp -j DROP", "b/eth0")
def a_firewall_at_the_target(lab):
    line = Line(lab)
    line.b.run("iptables-nft -A INPUT -p udp -j DROP", check=True)
    return line.traced()


@fault("a/eth0", "udp dport 53 drop", "r1/eth0")
def a_firewall_of_nft_on_the_way(lab):
    line = Line(lab)
    line.r1.run("nft add table inet filter", check=True)
    line.r1.run("nft 'add chain inet filter forward { type filter hook forward priority 0; }'", check=True)
    line.r1.run("nft add rule inet filter forward udp dport 53 drop", check=True)
    return line.traced()


@fault("a/eth0", "policy drop", "r1/eth0")
def a_policy(lab):
    line = Line(lab)
    line.r1.run("iptables-nft -P FORWARD DROP", check=True)
    return line.traced()


@fault("a/eth0", "REJECT --reject-with icmp-port-unreachable", "r1/eth0")
def a_rejecting_rule(lab):
    line = Line(lab)
    line.r1.run("iptables-nft -A FORWARD -p udp -j REJECT", check=True)
    return line.traced()


@fault("a/eth0", "udp dport 53 drop", "r1/eth0")
def a_rule_before_connection_tracking(lab):
    line = Line(lab)
    line.r1.run("nft add table ip raw", check=True)
    line.r1.run("nft 'add chain ip raw pre { type filter hook prerouting priority -300; }'", check=True)
    line.r1.run("nft add rule ip raw pre udp dport 53 drop", check=True)
    return line.traced()


@fault("a/eth0", "its checksum is wrong", "b/eth0")
def a_damaged_packet(lab):
    return Line(lab).traced(["python3", "-c", RAW, "10.0.1.2", "10.0.2.2", "64", "4660"])


@fault("a/eth0", "127.0.0.9 is a loopback address, which must not come in from a link", "r1/eth0")
def a_source_that_cannot_be(lab):
    return Line(lab).traced(["python3", "-c", RAW, "127.0.0.9", "10.0.2.2", "64", "0"])


@fault("a/eth0", "its source 10.0.1.1 is an address of r1 itself", "r1/eth0")
def a_source_of_the_routers_own(lab):
    return Line(lab).traced(["python3", "-c", RAW, "10.0.1.1", "10.0.2.2", "64", "0"])


@fault("a/eth0", "the listener's queue of connections was full", "b/eth0")
def a_full_accept_queue(lab):
    line = Line(lab)
    ready(line.b, ["python3", "-c", FULL])
    return line.traced(["python3", "-c", CONNECT, "10.0.2.2", "81", "4"])


@fault("a/eth0", "drop|fragments of it are missing", "r1/eth0|b/eth0")
def a_lost_fragment(lab):
    line = Line(lab)
    line.r1.run("nft add table ip early", check=True)
    line.r1.run("nft 'add chain ip early pre { type filter hook prerouting priority -450; }'", check=True)
    line.r1.run("nft add rule ip early pre 'ip frag-off & 0x1fff != 0 drop'", check=True)
    return line.traced(size=2000)


@fault("client/eth0", "the bridge's port veth.* is disabled", "dock/veth.*")
def a_disabled_port(lab):
    dock = Dock(lab)
    dock.client.run("ping -c1 172.17.0.2", check=True)
    dock.host.run(f"bridge link set dev {dock.web.host_interface} state 0", check=True)
    with lab.trace() as trace:
        ask(dock.client, "172.17.0.2", 90, 1, patience=0.1)
    return trace


@fault("client/eth0", "the port veth.* is locked, and .* is not registered there", "dock/veth.*")
def a_locked_port(lab):
    dock = Dock(lab)
    answer(dock.web, 90)
    dock.client.run(f"ping -c1 {dock.web.address}", check=True)
    mac, port = dock.client.run("cat /sys/class/net/eth0/address").output.strip(), dock.client.host_interface
    dock.host.run(
        f"bridge link set dev {port} learning off locked on && bridge fdb del {mac} dev {port} master", check=True
    )
    with lab.trace() as trace:
        ask(dock.client, dock.web.address, 90, 1, patience=0.1)
    return trace


@fault("client/eth0", "takes no unknown ones \\(flood off\\)", "dock/veth.*")
def a_port_that_takes_no_flood(lab):
    dock = Dock(lab)
    answer(dock.web, 90)
    dock.client.run(f"ping -c1 {dock.web.address}", check=True)
    mac, port = dock.web.run("cat /sys/class/net/eth0/address").output.strip(), dock.web.host_interface
    dock.host.run(
        f"bridge link set dev {port} learning off flood off && bridge fdb del {mac} dev {port} master", check=True
    )
    dock.host.run(f"bridge link set dev {dock.client.host_interface} hairpin off", check=True)
    with lab.trace() as trace:
        ask(dock.client, dock.web.address, 90, 1, patience=0.1)
    return trace


@fault(
    "web/eth0",
    "it asked 172.17.0.1:9090, and the answer from 172.17.0.2:90 was not translated back by dock",
    "client/eth0",
)
def an_answer_that_skips_the_bridges_netfilter(lab):
    dock = Dock(lab)
    dock.web.http_server(90)
    dock.host.publish(9090, to=dock.web, port=90)
    dock.host.run("sysctl -w net.bridge.bridge-nf-call-iptables=0", check=True)
    with lab.trace() as trace:
        dock.client.run("curl -s -m .3 http://172.17.0.1:9090/")
    return trace


@fault("client/eth0", "both ports are isolated", "dock/veth.*")
def isolated_ports(lab):
    dock = Dock(lab)
    dock.client.run("ping -c1 172.17.0.2", check=True)
    for container in (dock.client, dock.web):
        dock.host.run(f"bridge link set dev {container.host_interface} isolated on", check=True)
    with lab.trace() as trace:
        ask(dock.client, "172.17.0.2", 90, 1, patience=0.1)
    return trace


@fault("client/eth0", "behind the port that it came in by, veth.*, which is not in hairpin mode", "dock/veth.*")
def a_forwarding_entry_for_the_wrong_port(lab):
    dock = Dock(lab)
    dock.client.run("ping -c1 172.17.0.2", check=True)
    dock.host.run(
        f"bridge link set dev {dock.client.host_interface} hairpin off && "
        f"bridge fdb replace 02:42:ac:11:00:02 dev {dock.client.host_interface} master static",
        check=True,
    )
    with lab.trace() as trace:
        ask(dock.client, "172.17.0.2", 90, 1, patience=0.1)
    return trace


@fault("outside/eth0", "DOCKER-USER -s 203.0.113.2/32 -j DROP", "dock/eth0")
def docker_user_drops(lab):
    dock = Dock(lab)
    dock.host.run("iptables-nft -I DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
    with lab.trace() as trace:
        dock.outside.run("curl -s -m .2 http://203.0.113.1:8080/")
    return trace


@fault("outside/eth0", "ICMP host unreachable|it waits for 172.17.0.9|nobody answered for 172.17.0.9", "dock/eth0")
def a_published_port_to_nobody(lab):
    dock = Dock(lab)
    dock.host.run("iptables-nft -t nat -I DOCKER -p udp --dport 7 -j DNAT --to-destination 172.17.0.9:7", check=True)
    dock.host.run("iptables-nft -I DOCKER-USER -j ACCEPT", check=True)
    with lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 7, 1, patience=0.2)
    return trace


@fault("p11/eth0", "n2 has no VXLAN interface with the identifier 42", "n2/eth0")
def another_vxlan_identifier(lab):
    net = overlay(lab)
    net.pods[0].run(f"ping -c1 {net.pods[2].address}", check=True)
    net.hosts[1].run(
        f"ip link del flannel.1 && ip link add flannel.1 type vxlan id 43 dstport 4789 local {net.hosts[1].address} "
        f"remote {net.hosts[0].address} && ip link set flannel.1 up master cni0",
        check=True,
    )
    with lab.trace() as trace:
        ask(net.pods[0], net.pods[2].address, 90, 1, patience=0.1)
    return trace


@fault("p11/eth0", "flannel.1 knows no remote for", "n1/flannel.1")
def a_vxlan_without_a_remote(lab):
    net = overlay(lab)
    net.pods[0].run(f"ping -c1 {net.pods[2].address}", check=True)
    remote = net.pods[2].run("cat /sys/class/net/eth0/address").output.strip()
    net.hosts[0].run(
        "ip link del flannel.1 && ip link add flannel.1 type vxlan id 42 dstport 4789 nolearning && "
        f"ip link set flannel.1 up master cni0 && bridge fdb add {remote} dev flannel.1 master static",
        check=True,
    )
    with lab.trace() as trace:
        ask(net.pods[0], net.pods[2].address, 90, 1, patience=0.1)
    return trace


@fault("p11/eth0", "-A FORWARD -p udp -m udp --dport 4789 -j DROP", "r/eth0")
def an_underlay_that_drops_the_tunnel(lab):
    net = overlay(lab)
    net.pods[0].run(f"ping -c1 {net.pods[2].address}", check=True)
    lab["r"].run("iptables-nft -A FORWARD -p udp --dport 4789 -j DROP", check=True)
    with lab.trace() as trace:
        ask(net.pods[0], net.pods[2].address, 90, 1, patience=0.1)
    return trace


@fault("p11/eth0", "policy drop", "n2/flannel.1")
def a_policy_behind_a_tunnel(lab):
    net = cluster(lab, forward="DROP")
    with lab.trace() as trace:
        net.pods[0].run(f"curl -s -m .2 http://{net.pods[3].address}/")
    return trace


@fault("p11/eth0", "both ends of the tunnel have 02:00:00:00:00:01", "n2/eth0")
def two_tunnel_ends_with_one_mac_address(lab):
    net = cluster(lab)
    net.hosts[1].run("ip link set flannel.1 address 02:00:00:00:00:01", check=True)
    net.hosts[0].run(
        f"ip neigh replace 10.244.2.0 lladdr 02:00:00:00:00:01 dev flannel.1 nud permanent && "
        f"bridge fdb replace 02:00:00:00:00:01 dev flannel.1 dst {net.hosts[1].address} self permanent",
        check=True,
    )
    with lab.trace() as trace:
        net.pods[0].run(f"curl -s -m .2 http://{net.pods[3].address}/")
    return trace


@fault("p11/eth0", "the checksum of its tunnel's header is wrong", "n2/eth0")
def a_tunnel_with_broken_checksums(lab):
    net = cluster(lab)
    net.hosts[0].run(
        "nft add table ip m && nft 'add chain ip m p { type filter hook postrouting priority 300; }' && "
        "nft add rule ip m p udp dport 8472 udp checksum set 0x1234 && ethtool -K eth0 tx off",
        check=True,
    )
    with lab.trace() as trace:
        net.pods[0].run(f"curl -s -m .2 http://{net.pods[3].address}/")
    return trace


@fault("p11/eth0", "answered with ICMP port unreachable", "n2/eth0")
def a_tunnel_that_nobody_ends(lab):
    net = overlay(lab)
    net.pods[0].run(f"ping -c1 {net.pods[2].address}", check=True)
    net.hosts[1].run("ip link del flannel.1", check=True)
    with lab.trace() as trace:
        ask(net.pods[0], net.pods[2].address, 90, 1, patience=0.1)
    return trace


@fault("client/eth0", "no address and port were free to translate it to", "dock/docker0")
def masquerade_without_a_free_port(lab):
    dock = Dock(lab)
    answer(dock.outside, 53)
    dock.host.run("iptables-nft -t nat -I POSTROUTING -p udp -o eth0 -j MASQUERADE --to-ports 5000-5000", check=True)
    ask(dock.web, dock.outside.address, 53, 1, patience=0.1)
    with lab.trace() as trace:
        ask(dock.client, dock.outside.address, 53, 1, patience=0.1)
    return trace


@fault("a/eth0", "r1 does not forward packets|ICMP no route to destination", "r1/eth0")
def ipv6_forwarding_is_off(lab):
    line = Line(lab)
    line.r1.sysctl("net.ipv6.conf.all.forwarding", 0)
    return line.traced("ping -c1 -W1 fd00:2::2")


@fault("a/eth0", "the socket's receive buffer was full|^$", "b/eth0")
def a_receive_buffer_that_is_full(lab):
    line = Line(lab)
    ready(
        line.b,
        ["python3", "-c", "import socket, sys; s = socket.socket(type=2); s.setsockopt(1, 8, 1); s.bind(('', 99)); "
         "print('ready', flush=True); sys.stdin.read()"],
    )  # fmt: skip
    return line.traced(["python3", "-c", MANY, "10.0.2.2", "99"])


def from_outside(lab: Lab, *commands: str) -> Trace:
    """A request to the published port 9090, after these commands on the host."""
    dock = Dock(lab)
    answer(dock.web, 90)
    dock.host.publish(9090, to=dock.web, port=90, protocol="udp")
    dock.outside.run("ping -c1 203.0.113.1", check=True)
    for command in commands:
        dock.host.run(command, check=True)
    with lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 9090, 1, patience=0.1)
    return trace


@fault("outside/eth0", "dock does not forward packets", "dock/eth0")
def a_published_port_of_a_host_that_does_not_forward(lab):
    return from_outside(lab, "sysctl -w net.ipv4.ip_forward=0")


@fault("outside/eth0", "udp dport 9090 drop", "dock/eth0")
def a_rule_at_the_interface_itself(lab):
    return from_outside(
        lab,
        "nft add table netdev f",
        "nft 'add chain netdev f in { type filter hook ingress device eth0 priority 0; }'",
        "nft add rule netdev f in udp dport 9090 drop",
    )


@fault("outside/eth0", "the route for 172.17.0.2 is a blackhole", "dock/eth0")
def a_policy_rule_that_throws_away(lab):
    return from_outside(lab, "ip rule add from 203.0.113.2 blackhole")


@fault("outside/eth0", "the route for 172.17.0.2 is a blackhole", "dock/eth0")
def a_route_that_hangs_on_a_mark(lab):
    mark = "iptables-nft -t mangle -A PREROUTING -p udp -j MARK --set-mark 1"
    return from_outside(lab, mark, "ip rule add fwmark 1 lookup 99", "ip route add blackhole default table 99")


@fault("outside/eth0", "the route for 172.17.0.2 is a blackhole", "dock/eth0")
def a_route_that_hangs_on_a_mark_that_the_old_iptables_sets(lab):
    mark = "iptables-legacy -t mangle -A PREROUTING -p udp -j MARK --set-mark 1"
    return from_outside(lab, mark, "ip rule add fwmark 1 lookup 99", "ip route add blackhole default table 99")


@fault("outside/eth0", "the route for 172.17.0.2 is a prohibit", "dock/eth0")
def a_policy_rule_for_an_interface_a_protocol_and_a_port(lab):
    return from_outside(
        lab, "ip rule add iif eth0 ipproto udp dport 90 prohibit", "iptables-nft -A OUTPUT -p icmp -j DROP"
    )


@fault("client/eth0", "no port leads to 02:42:ac:11:00:02: web/eth0, which has it, is down", "client/eth0")
def a_container_whose_interface_is_down(lab):
    dock = Dock(lab)
    dock.client.run("ping -c1 172.17.0.2", check=True)
    dock.web.run("ip link set eth0 down", check=True)
    with lab.trace() as trace:
        ask(dock.client, "172.17.0.2", 90, 1, patience=0.1)
    return trace


@fault("client/eth0", "addressed to 02:42:ac:11:00:02, which web does not have", "web/eth0")
def another_mac_address_than_the_neighbours_know(lab):
    dock = Dock(lab)
    dock.client.run("ping -c1 172.17.0.2", check=True)
    dock.web.run("ip link set eth0 address 02:00:00:00:00:55", check=True)
    with lab.trace() as trace:
        ask(dock.client, "172.17.0.2", 90, 1, patience=0.1)
    return trace


def culprit(trace: Trace, begins: str) -> Journey:
    """The last journey of a request that begins there."""
    found = [
        one for one in trace.journeys
        if f"{one.hops[0].node}/{one.hops[0].interface}" == begins and one.hops[0].direction == "out"
        and one.packet.protocol in ("udp", "tcp", "icmp", "icmpv6") and "neighbour" not in one.packet.kind
        and "router" not in one.packet.kind and "listener" not in one.packet.kind
    ]  # fmt: skip
    return next((one for one in reversed(found) if one.packet.kind == "SYN"), found[-1])


@pytest.mark.parametrize("name", FAULTS)
def test_the_named_cause_is_the_injected_one(name):
    make, begins, reason, where = FAULTS[name]
    with Lab(name.replace("_", "-"), ipv6="ipv6" in name) as lab:
        trace = make(lab)
    outcome = culprit(trace, begins).outcome
    assert re.search(reason, outcome.reason), outcome
    assert re.fullmatch(where, outcome.where), outcome
    assert outcome.evidence or not outcome.reason
    if not reason.strip("^$"):
        assert outcome.kind == ("lost-from-sight" if reason else "delivered")


def test_there_are_at_least_thirty_faults():
    assert len(FAULTS) >= 30
