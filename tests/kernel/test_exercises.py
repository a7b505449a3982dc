"""Every exercise accepts every repair that works, and no other; different mistakes get different feedback."""

from __future__ import annotations

import sys
from functools import partial

import pytest

from cnetkit import catalog
from cnetkit.learn import Exercise
from tests.kernel.lessons import BOOK, opened, ping, traced


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


MASQUERADE = "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"
SNAT = "iptables -t nat -I POSTROUTING -s 172.17.0.3 -o eth0 -j SNAT --to-source 192.0.2.3"
SECOND = "ip address add 192.0.2.3/28 dev eth0"
FLOOD = "bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.34 self permanent"
STATIC = "bridge fdb append 02:42:0a:00:09:02 dev vxlan0 dst 192.0.2.34 self permanent"
KNOWN = "ip neigh replace 10.0.9.2 lladdr 02:42:0a:00:09:02 dev eth0 nud permanent"
OTHER_ID = (
    "ip link del vxlan0; ip link add vxlan0 type vxlan id 43 dstport 4789 local 192.0.2.34;"
    " ip link set vxlan0 up master br0"
)
ANEW = (
    "ip link del vxlan0; ip link add vxlan0 type vxlan id 42 dstport 4789 local 192.0.2.18 remote 192.0.2.34;"
    " ip link set vxlan0 up master br0"
)
FORGET = (
    "bridge fdb del 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.34 self;"
    "bridge fdb del 02:42:0a:00:09:02 dev vxlan0 dst 192.0.2.34 self; bridge fdb del 02:42:0a:00:09:02 dev vxlan0 master; true"
)
UNLEARN = "bridge fdb del 02:42:0a:00:09:02 dev vxlan0 dst 192.0.2.34 self; bridge fdb del 02:42:0a:00:09:02 dev vxlan0 master"
SECRET, SERVER = "docker run -d --name secret", "host python3 -m http.server"
GUEST = "docker run -d --name guest --network trial host sleep infinity"
AWAY = "docker rm -f guest; docker network rm trial"
ETCD = "etcd --enable-v2 --data-dir /var/lib/etcd --listen-client-urls http://{}:2379 --advertise-client-urls http://192.0.2.2:2379"
LATE = "docker run --rm --name late --network shared host curl -4 -s -m 3 http://web/"
OFFICE = "curl -s -m 1 http://172.18.0.80/"
EMPTY = (
    "iptables -t nat -F $(iptables -t nat -S | grep -o 'KUBE-SEP-[A-Z0-9]* .*10.244.1.2:80' | head -1 | cut -d' ' -f1)"
)
LAY = (
    "chain=$(iptables -t nat -S | grep -o 'KUBE-SEP-[A-Z0-9]*$' | sort -u | while read c; do "
    "iptables -t nat -S $c | grep -q DNAT || echo $c; done); "
    "iptables -t nat -A $chain -p tcp -j DNAT --to-destination 10.244.1.2:80"
)


def run(node: str, command: str):
    return lambda lab: lab[node].run(command, check=True)


def replaced(lab):
    net = lab["c1"].network
    lab["c1"].remove()
    net.container("c1", "172.17.0.3")


def cable(command: str):
    return lambda lab: lab["dock"].run(command.format(lab["c1"].host_interface), check=True)


def both(*steps):
    return lambda lab: [step(lab) for step in steps]


def listen(lab):
    """Asks for port 8090 from the host and from outside, when what was just started listens."""
    lab["dock"].run(
        "for _ in $(seq 30); do docker ps | grep -q secret || exit; curl -s -o /dev/null http://127.0.0.1:8090/ && exit; "
        "sleep 0.1; done"
    )
    with lab.trace() as trace:
        lab["dock"].run("curl -s -m 0.5 http://127.0.0.1:8090/")
        lab["outside"].run("curl -s -m 0.5 http://203.0.113.1:8090/")
    return trace


def front_by_another(lab):
    lab["dock"].run(f"docker run -d --name front --network app {SERVER} 80", check=True)
    lab["front"].wait_port(80)


def ask_db(lab):
    """Asks until it answers: the other engine hears of a container a moment after it has started."""
    with lab.trace(filter="arp or port 80 or port 4789") as trace:
        lab["n2"].run("for n in 1 2 3; do docker exec client curl -4 -s -m 1 http://db/ && break; sleep 0.2; done")
    return trace


def ask_late(lab):
    with lab.trace(filter="arp or port 80 or port 4789") as trace:
        lab["n2"].run(LATE)
    return trace


def namesake(name, network, also):
    """Another container of that name, on a network of n2's own."""
    return run(
        "n2",
        f"docker network create {network} && docker run -d --name {name} --network {network} {SERVER} 8080 && {also}",
    )


def store_on(address="0.0.0.0"):
    def repair(lab):
        lab["store"].start(ETCD.format(address))
        lab["store"].wait_port(2379)

    return repair


def hear(lab):
    lab["dock"].run("ip link set docker0 type bridge fdb_flush", check=True)
    return traced(lab, "c0", "ping -c 2 -i 0.2 -W 0.5 172.17.0.3")


def traced_all(lab, command: str, *nodes: str):
    with lab.trace() as trace:
        for node in nodes:
            lab[node].run(command)
    return trace


def modes(lab):
    lab.clusters[0].use("nftables")


def without(lab):
    lab.clusters[0].services["default", "web"].remove(lab["web-2"])


def drained(lab):
    lab.clusters[0].services["default", "web"].remove(lab["web-1"])


def ask_service(lab):
    return traced(lab, "client", "for i in $(seq 16); do curl -s -m 0.2 http://10.96.0.2/; done")


TELL = r"""
namespaces=$(stat --dereference --format %i /proc/self/ns/uts /proc/self/ns/pid | paste -sd-)
curl -s "http://10.0.0.1/$as$(hostname)-$$-$namespaces"
"""
NAMED = ". /tmp/tell"
PID = "$(pgrep -x sleep)"
CABLE = f"ip link add veth0 type veth peer name eth0 netns {PID}; ip link set veth0 up"
INSIDE = (
    f"nsenter --target {PID} --net sh -c 'ip link set eth0 up; ip address add 172.20.0.2/24 dev eth0; "
    "ip route add default via 172.20.0.1'"
)
OUTSIDE = "ip address add 172.20.0.1/24 dev veth0"
BESIDE = f"nsenter --target {PID} --net sh -c 'ip link set eth1 up; ip address add 10.0.0.3/24 dev eth1'"
PROXY = """
import socket
server = socket.create_server(("", 9090))
while True:
    asking, _ = server.accept()
    with asking, socket.create_connection(("172.17.0.3", 80)) as web:
        web.sendall(asking.recv(4096))
        asking.sendall(web.recv(4096))
"""


def permanent(state: str):
    def attempt(lab):
        mac = lab["right"].run("cat /sys/class/net/eth0/address", check=True).output.strip()
        lab["left"].run(f"ip neighbour replace 10.0.0.1 lladdr {mac} dev eth0 nud {state}", check=True)

    return attempt


def deaf(node: str, address: str):
    """Its answers to an address go to a MAC address that nobody has."""
    return run(node, f"ip neighbour replace {address} lladdr 02:00:00:00:00:99 dev eth0 nud permanent")


def command(words: str):
    return lambda lab: lab["left"].run("cat > /tmp/command", input=words, check=True)


def tell(lab):
    lab["left"].run("cat > /tmp/tell", input=TELL, check=True)
    return traced(lab, "left", "sh /tmp/command", "as=after-; . /tmp/tell")


def boxed(lab):
    lab["left"].start("unshare --net sleep 1000")
    lab["left"].run("until pgrep -x sleep; do sleep 0.05; done", timeout=5, check=True)


def shared(lab):
    """The container is started anew, in left's network namespace."""
    lab["left"].run("pkill -x sleep; while pgrep -x sleep; do sleep 0.05; done", timeout=5, check=True)
    lab["left"].start("unshare --uts sleep 1000")
    lab["left"].run("until pgrep -x sleep; do sleep 0.05; done", timeout=5, check=True)


def knock(*ports: int):
    """outside asks for one port of dock after the other."""
    return lambda lab: traced(lab, "outside", *(f"curl -s -m 0.5 http://203.0.113.1:{port}/" for port in ports))


def by_nft(node: str, rule: str, hook: str = "prerouting"):
    """A rule in a table of the learner's own."""
    priority = {"prerouting": -100, "postrouting": 100}[hook]
    chain = f"chain ip mine c {{ type nat hook {hook} priority {priority}; }}"
    return run(node, f"nft 'add table ip mine; add {chain}; add rule ip mine c {rule}'")


def more_servers(lab):
    """Two more servers in web, as a range of ports had them, and the filter lets packets to them pass."""
    for n in (1, 2):
        lab["web"].http_server(80 + n)
        lab["dock"].publish(7001 + n, to=lab["web"], port=80 + n)


def dnat(port: int, to: str) -> str:
    return f"iptables -t nat -A DOCKER -p tcp --dport {port} -j DNAT --to-destination {to}"


def listening(lab, *arguments: str):
    lab["dock"].start([sys.executable, *arguments])
    lab["dock"].run("until ss -ltn | grep -q :9090; do sleep 0.05; done", timeout=5, check=True)


CASES = {
    ("start-here", "quiet"): (
        lambda lab: lab["left"].run("ping -c 1 10.0.0.1"),
        partial(ping, node="left", address="10.0.0.1"),
        [
            run("left", "ip neighbour replace 10.0.0.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent"),
            run("left", "ip address add 10.0.0.3/24 dev eth0"),
            run("right", "ip address flush dev eth0"),
            run("left", "ip link set eth0 down"),
            both(permanent("permanent"), deaf("right", "10.0.0.2")),
            run("left", "ip address add 10.0.0.1/32 dev lo"),
        ],
        [
            both(permanent("permanent")),
            both(permanent("noarp")),
            lambda lab: lab["left"].run(
                "arp_mac=$(ip neighbour | cut -d' ' -f5); ip neighbour replace 10.0.0.1 lladdr $arp_mac dev eth0 nud permanent",
                check=True,
            ),
        ],
    ),
    ("start-here", "mend"): (
        run("right", "ip address flush dev eth0"),
        partial(ping, node="left", address="10.0.0.1"),
        [
            run("right", "ip address add 10.0.0.9/24 dev eth0"),
            run("right", "ip address add 10.0.0.1/32 dev eth0"),
            run("right", "ip link set eth0 down"),
            both(run("right", "ip address add 10.0.0.1/24 dev eth0"), deaf("right", "10.0.0.2")),
            run("left", "ip address add 10.0.0.1/24 dev eth0"),
        ],
        [
            run("right", "ip address add 10.0.0.1/24 dev eth0"),
            run("right", "ip address add 10.0.0.1/32 dev eth0; ip route add 10.0.0.0/24 dev eth0"),
        ],
    ),
    ("namespaces", "box"): (
        command(NAMED),
        tell,
        [
            command(f"unshare --uts sh -c 'hostname box; {NAMED}'"),
            command(f"unshare --pid --fork sh -c '{NAMED}'"),
            command(f"unshare --net --uts --pid --fork sh -c 'hostname box; {NAMED}'"),
            command(f"hostname box; unshare --pid --fork sh -c '{NAMED}'"),
            command("unshare --uts --pid --fork sh -c 'hostname box; sh /tmp/tell; true'"),
            command("curl -s http://10.0.0.1/box-1-$(stat -Lc %i /proc/self/ns/uts)-$(stat -Lc %i /proc/self/ns/pid)"),
            command("unshare --pid --fork sh -c 'hostname() { echo box; }; . /tmp/tell'"),
        ],
        [
            command(f"unshare --uts --pid --fork sh -c 'hostname box; {NAMED}'"),
            command(f"unshare --user --map-root-user --pid --fork unshare --uts sh -c 'hostname box; {NAMED}'"),
            command(f"unshare -u hostname box; unshare -fpum --mount-proc sh -c 'hostname box; {NAMED}'"),
        ],
    ),
    ("namespaces", "wire"): (
        boxed,
        lambda lab: traced(lab, "left", f"nsenter --target {PID} --net curl -s -m 0.5 http://10.0.0.1/wired"),
        [
            run("left", CABLE),
            run("left", f"{CABLE}; {INSIDE}"),
            run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}"),
            run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}; sysctl -w net.ipv4.ip_forward=0"),
            run("left", f"ip link set eth0 netns {PID}; {INSIDE.replace('172.20.0', '10.0.0')}"),
            shared,
        ],
        [
            run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}; iptables -t nat -A POSTROUTING -s 172.20.0.0/24 -j MASQUERADE"),
            both(run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}"), run("right", "ip route add 172.20.0.0/24 via 10.0.0.2")),
            run("left", f"ip link add link eth0 name eth1 netns {PID} type macvlan mode bridge; {BESIDE}"),
        ],
    ),
    ("port-mapping", "mend"): (
        both(more_servers, run("dock", "iptables -t nat -F DOCKER")),
        knock(8080, 9090),
        [
            run("dock", dnat(8080, "172.17.0.2:8080")),
            run("dock", dnat(8080, "172.17.0.3:80") + "; iptables -I FORWARD -j ACCEPT"),
            run("dock", dnat(8080, "172.17.0.3:80")),
            run("dock", dnat(8888, "172.17.0.2:80")),
            run("dock", "pkill -f '[d]ocker-proxy.*-host-port 8080'; " + dnat(8888, "172.17.0.2:80")),
            run("dock", dnat(8080, "172.17.0.2:81")),
            run("dock", dnat(8080, "172.17.0.2:82")),
            run("dock", "iptables -t nat -A DOCKER -p tcp -j DNAT --to-destination 172.17.0.2:80"),
            run("dock", dnat(8080, "172.17.0.2:80") + "; iptables -t raw -A PREROUTING -s 172.17.0.2 -j DROP"),
        ],
        [
            run("dock", dnat(8080, "172.17.0.2:80")),
            run("dock", dnat(8080, "172.17.0.2:80").replace("DOCKER", "PREROUTING")),
            run("dock", dnat(8080, "172.17.0.2:80") + "; iptables -t nat -A POSTROUTING -o docker0 -j MASQUERADE"),
            by_nft("dock", "tcp dport 8080 dnat to 172.17.0.2:80"),
        ],
    ),
    ("port-mapping", "publish"): (
        lambda lab: lab["client"].http_server(80),
        knock(9090, 8080),
        [
            run("dock", dnat(9090, "172.17.0.3:80")),
            run("dock", dnat(9090, "172.17.0.2:80")),
            run("dock", dnat(9091, "172.17.0.3:80")),
            run("dock", "iptables -I FORWARD -j ACCEPT; iptables -t nat -I DOCKER -p tcp -j DNAT --to-destination 172.17.0.3:80"),
            both(
                lambda lab: lab["client"].http_server(90),
                run("dock", dnat(9090, "172.17.0.3:90") + "; iptables -I FORWARD -j ACCEPT"),
            ),
        ],
        [
            run("dock", dnat(9090, "172.17.0.3:80") + "; iptables -I DOCKER -d 172.17.0.3 -p tcp --dport 80 -j ACCEPT"),
            run("dock", dnat(9090, "172.17.0.3:80") + "; iptables -I FORWARD -j ACCEPT"),
            lambda lab: listening(lab, "-c", PROXY),
            lambda lab: lab["dock"].publish(9090, to=lab["client"], port=80),
        ],
    ),
    ("bridge", "mend"): (
        cable("ip link set {} nomaster"),
        partial(ping, node="c0", address="172.17.0.3"),
        [
            cable("ip link set {} mtu 1400"),
            run("dock", "ip link set docker0 down"),
            both(cable("ip link set {} master docker0"), deaf("c1", "172.17.0.2")),
            run("dock", "ip address add 172.17.0.3/32 dev docker0"),
            run("c2", "ip address add 172.17.0.3/16 dev eth0"),
        ],
        [
            cable("ip link set {} master docker0"),
            replaced,
            cable(
                "ip route add 172.17.0.3/32 dev {0}; for one in docker0 {0}; do "
                "sysctl -w net.ipv4.conf.$one.proxy_arp=1 net.ipv4.neigh.$one.proxy_delay=0; done;"  # else it waits at random
                "iptables -P FORWARD ACCEPT"
            ),
        ],
    ),
    ("bridge", "hub"): (
        lambda lab: None,
        hear,
        [
            cable("ip link set {} down"),
            run("c2", "ip link set eth0 down"),
            lambda lab: lab["dock"].run(f"bridge link set dev {lab['c0'].host_interface} learning off", check=True),
            run("c1", "iptables -A OUTPUT -p icmp -j DROP"),
        ],
        [
            run("dock", "ip link set docker0 type bridge ageing_time 0"),
            cable("bridge link set dev {} learning off"),
            lambda lab: [
                lab["dock"].run(f"bridge link set dev {lab[name].host_interface} learning off", check=True)
                for name in ("c0", "c1", "c2")
            ],
        ],
    ),
    ("out-of-the-host", "known"): (
        lambda lab: None,
        lambda lab: traced_all(lab, "ping -c 1 -W 0.5 198.51.100.2", "c0", "c1"),
        [
            both(run("dock", SECOND), run("dock", SNAT.replace("-I", "-A"))),
            both(run("dock", SECOND), run("dock", SNAT.replace("-s 172.17.0.3 ", ""))),
            run("dock", SNAT),
            both(run("dock", SECOND.replace("2.3", "2.4")), run("dock", SNAT.replace("2.3", "2.4"))),
            run("dock", "iptables -I FORWARD -s 172.17.0.3 -j DROP"),
        ],
        [
            both(run("dock", SECOND), run("dock", SNAT)),
            both(run("dock", "ip route add local 192.0.2.3 dev lo"), run("dock", SNAT)),
            both(run("router", "ip route add 192.0.2.3 via 192.0.2.2"), run("dock", SNAT)),
            both(run("dock", SECOND), run("dock", f"iptables -t nat -F; {SNAT.replace('-I', '-A')}; {MASQUERADE}")),
        ],
    ),
    ("out-of-the-host", "mend"): (
        run("dock", "iptables -t nat -F POSTROUTING"),
        partial(ping, node="c0", address="198.51.100.2"),
        [
            run("dock", "sysctl -w net.ipv4.ip_forward=0"),
            run("router", "ip route add 172.16.0.0/16 via 192.0.2.2"),
            run("router", "ip route add 172.17.0.0/16 via 192.0.2.2"),
            run("dock", "ip address add 198.51.100.2/32 dev lo"),
        ],
        [
            run("dock", "sysctl -w net.ipv4.ip_forward=1; " + MASQUERADE),
            run("dock", "iptables -t nat -A POSTROUTING -o eth0 -j SNAT --to-source 192.0.2.2"),
            both(
                run("router", "ip route add 172.17.0.0/16 via 192.0.2.2"), run("dock", "iptables -t raw -F PREROUTING")
            ),
            by_nft("dock", "ip saddr 172.17.0.0/16 masquerade", "postrouting"),
        ],
    ),
    ("overlay", "mend"): (
        run("n1", FORGET),
        lambda lab: ping(lab, "a", "10.0.9.2; ping -c 1 -W 0.5 10.0.9.3"),
        [
            run("n1", "bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.99 self permanent"),
            both(run("n1", FLOOD), run("n2", OTHER_ID)),
            both(run("n1", FLOOD), deaf("b", "10.0.9.1")),
            run("n1", ANEW),
            run("c", "ip address add 10.0.9.2/24 dev eth0"),
        ],
        [
            run("n1", FLOOD),
            both(run("n1", STATIC), run("a", KNOWN)),
            run("n1", FLOOD.replace(" self permanent", "")),
        ],
    ),
    ("overlay", "direct"): (
        lambda lab: None,
        lambda lab: traced(lab, "a", "ip neighbour flush dev eth0; ping -c 1 -W 0.5 10.0.9.2"),
        [
            run("n1", "ip link set vxlan0 mtu 1400"),
            run("a", KNOWN.replace("09:02", "09:99")),
            both(run("a", KNOWN), run("n1", UNLEARN)),
        ],
        [both(run("a", KNOWN), run("n1", STATIC)), run("a", KNOWN)],
    ),
    ("pod", "forward"): (
        run("n1", "sysctl -w net.ipv4.ip_forward=0"),
        lambda lab: traced(lab, "client", "curl -s -m 0.5 http://10.244.0.2/"),
        [
            run("n1", "sysctl -w net.ipv4.ip_forward=1; iptables -I FORWARD -d 10.244.0.0/24 -j DROP"),
            run("n1", "sysctl -w net.ipv4.ip_forward=1; iptables -I FORWARD -s 10.244.0.0/24 -j DROP"),
        ],
        [run("n1", "sysctl -w net.ipv4.ip_forward=1"), run("n1", "echo 1 > /proc/sys/net/ipv4/conf/all/forwarding")],
    ),
    ("service", "drain"): (
        lambda lab: None,
        ask_service,
        [run("n1", "iptables -t nat -F KUBE-SERVICES"), modes],
        [drained, by_nft("n1", "ip daddr 10.96.0.2 tcp dport 80 dnat to 10.244.1.2")],
    ),
    ("pod", "mend"): (
        run("n1", "ip route del 10.244.1.0/24"),
        lambda lab: traced(lab, "client", "curl -s -m 0.5 http://10.244.0.2/"),
        [
            run("n1", "ip route add 10.244.1.0/24 via 192.0.2.17"),
            run("n2", "ip route del 10.244.0.0/24"),
            run("n2", "iptables -t nat -I POSTROUTING -s 10.244.1.0/24 -j SNAT --to-source 192.0.2.34"),
        ],
        [
            run("n1", "ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink"),
            run("n1", "ip route add 10.244.1.2/32 via 10.244.1.0 dev flannel.1 onlink"),
            both(
                run("n1", "ip route add 10.244.1.0/24 via 192.0.2.17"),
                run("router", "ip route add 10.244.1.0/24 via 192.0.2.34"),
            ),
        ],
    ),
    ("service", "mend"): (
        run("n1", EMPTY),
        ask_service,
        [run("n1", "iptables -t nat -F KUBE-SERVICES"), both(run("n1", LAY), run("web-2", "ip addr flush dev eth0"))],
        [run("n1", LAY), modes, without, by_nft("n1", "ip daddr 10.96.0.2 tcp dport 80 dnat to 10.244.0.2")],
    ),
    ("docker-networks", "join"): (
        lambda lab: None,
        lambda lab: traced(lab, "till", "curl -s -m 0.5 http://172.17.0.2/"),
        [run("dock", "docker network connect app web"), run("dock", "docker rm -f web")],
        [
            run("dock", "docker network connect bridge till"),
            run("dock", "iptables -t raw -F PREROUTING; iptables -I DOCKER-USER -j ACCEPT"),
        ],
    ),
    ("docker-networks", "private"): (
        lambda lab: None,
        listen,
        [run("dock", f"{SECRET} -p 8090:80 {SERVER} 80"), run("dock", f"{SECRET} {SERVER} 80")],
        [
            run("dock", f"{SECRET} -p 127.0.0.1:8090:80 {SERVER} 80"),
            run("dock", f"{SECRET} --network host {SERVER} 8090 --bind 127.0.0.1"),
        ],
    ),
    ("addresses-and-names", "named"): (
        lambda lab: None,
        lambda lab: traced(lab, "dock", "docker exec till curl -4 -s -m 5 http://front/"),
        [run("dock", "docker network connect app web"), front_by_another],
        [
            run("dock", "docker network connect --alias front app web"),
            run("dock", "docker network connect bridge till; docker exec till sh -c 'echo 172.17.0.2 front >> /etc/hosts'"),
        ],
    ),
    ("addresses-and-names", "reachable"): (
        run("dock", f"docker network create trial; {GUEST}"),
        lambda lab: traced(lab, "dock", OFFICE, f"docker exec guest {OFFICE}"),
        [
            run("dock", "ip route add 172.18.0.80 via 203.0.113.1"),
            run("dock", f"{AWAY}; docker network create --subnet 172.18.0.0/25 trial; {GUEST}"),
        ],
        [
            run("dock", f"{AWAY}; docker network create --subnet 10.30.0.0/24 trial; {GUEST}"),
            run("dock", f"{AWAY}; docker network create --subnet 172.18.128.0/24 trial; {GUEST}"),
        ],
    ),
    ("key-value-store", "found"): (
        run("n1", f"docker network create local; docker run -d --name db --network local {SERVER} 80"),
        ask_db,
        [run("n2", "docker network create local"), namesake("db", "local", "docker network connect local client")],
        [
            run("n1", "docker network connect shared db"),
            run("n1", f"docker rm -f db; docker run -d --name db --network shared {SERVER} 80"),
        ],
    ),
    ("key-value-store", "late"): (
        run("store", "pkill etcd; while pgrep etcd; do sleep 0.1; done"),
        ask_late,
        [run("n2", "docker network create shared"), namesake("web", "shared", "true")],
        [store_on(), store_on("192.0.2.2")],
    ),
}  # fmt: skip
"""For each exercise: how the lab is broken, what is traced, attempts that do not repair it, and repairs."""


def test_every_exercise_is_tested_here():
    assert CASES.keys() == {
        (name, task.name) for name in BOOK for task in catalog.tasks(name) if isinstance(task, Exercise)
    }
    assert all(len(wrong) >= 2 and len(right) >= 2 for _, _, wrong, right in CASES.values())


@pytest.mark.parametrize(("name", "exercise"), CASES)
def test_without_a_change_nothing_is_attempted_and_different_mistakes_get_different_feedback(name, exercise):
    spoil, traffic, wrong, _ = CASES[name, exercise]
    feedback = set()
    for attempt in wrong:
        lab, lesson = opened(name)
        with lab:
            spoil(lab)
            lesson.ask(exercise, traffic(lab))
            assert lesson.check(exercise, traffic(lab)).outcome == "not attempted"
            attempt(lab)
            result = lesson.check(exercise, traffic(lab))
            assert result.outcome == "incorrect"
            feedback.add(result.words)
    assert len(feedback) == len(wrong), feedback


@pytest.mark.parametrize(("name", "exercise"), CASES)
def test_every_repair_that_works_is_correct(name, exercise):
    spoil, traffic, _, right = CASES[name, exercise]
    for attempt in right:
        lab, lesson = opened(name)
        with lab:
            spoil(lab)
            lesson.ask(exercise, traffic(lab))
            attempt(lab)
            result = lesson.check(exercise, traffic(lab))
            assert result.correct, str(result)
