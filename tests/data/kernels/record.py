"""Records marked traffic through kinds of link that not every kernel has, on one that has them all.

    python tests/data/kernels/record.py [NAME...]

Run it on a distribution's own kernel (Debian's, Ubuntu's) from the top of the project. Each network becomes NAME.pcapng
beside this file; tests/trace/test_kernels.py scores them everywhere. A network whose link kind is missing is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from cnetkit import Lab
from cnetkit.lab.host import Host
from cnetkit.trace import Trace
from tests.kernel.tagged import answer, ask, ready

NETWORKS: dict[str, Callable[[Lab], Trace]] = {}


def network(make: Callable[[Lab], Trace]) -> Callable[[Lab], Trace]:
    NETWORKS[make.__name__] = make
    return make


def ends(lab: Lab) -> tuple[Host, Host]:
    """a and b with a router between them."""
    a, b, router = lab.host("a"), lab.host("b"), lab.router("r")
    lab.connect(a, router, "192.0.2.0/28")
    lab.connect(b, router, "192.0.2.16/28")
    a.run(f"ping -c1 -W5 {b.address}", check=True)
    return a, b


def traffic(lab: Lab, a: Host, target: str, b: Host) -> Trace:
    """Small datagrams, and some in fragments."""
    answer(b, 53)
    with lab.trace() as trace:
        ask(a, target, 53, 8)
        ask(a, target, 53, 3, size=3000)
        a.run(f"ping -c2 -i.3 {target}")
    return trace


def tunnel(lab: Lab, kind: str, options: str = "", inside: tuple[str, str] = ("10.9.0.1", "10.9.0.2")) -> Trace:
    """One tunnel between a and b. In `options`, {here} and {there} are the ends of the underlay."""
    a, b = ends(lab)
    for node, other, address in ((a, b, inside[0]), (b, a, inside[1])):
        words = options.format(here=node.address, there=other.address)
        node.run(
            f"ip link add t0 type {kind} {words} && ip addr add {address}/24 dev t0 && ip link set t0 up", check=True
        )
    a.run(f"ping -c1 -W5 {inside[1]}", check=True)
    return traffic(lab, a, inside[1], b)


@network
def gre(lab):
    return tunnel(lab, "gre", "local {here} remote {there} key 7 ttl 64")


@network
def gretap(lab):
    return tunnel(lab, "gretap", "local {here} remote {there}")


@network
def geneve(lab):
    return tunnel(lab, "geneve", "id 42 remote {there}")


@network
def ipip(lab):
    return tunnel(lab, "ipip", "local {here} remote {there}")


@network
def vlan(lab):
    """Two VLANs on one wire, routed by r, and one inside another."""
    a, b, router = lab.host("a"), lab.host("b"), lab.router("r")
    lab.connect(a, router, "192.0.2.0/28")
    lab.connect(b, router, "192.0.2.16/28")
    for node, name, number, address in (
        (a, "eth0", 10, "10.0.10.2/24"), (router, "eth0", 10, "10.0.10.1/24"),
        (b, "eth0", 20, "10.0.20.2/24"), (router, "eth1", 20, "10.0.20.1/24"),
    ):  # fmt: skip
        node.run(
            f"ip link add link {name} name {name}.{number} type vlan id {number} && ip link set {name}.{number} up && "
            f"ip addr add {address} dev {name}.{number}",
            check=True,
        )
    a.run("ip route add 10.0.20.0/24 via 10.0.10.1", check=True)
    b.run("ip route add 10.0.10.0/24 via 10.0.20.1", check=True)
    a.run("ping -c1 -W5 10.0.20.2", check=True)
    return traffic(lab, a, "10.0.20.2", b)


@network
def vlan_in_vlan(lab):
    """A provider's tag (802.1ad) around a customer's."""
    a, b = lab.host("a"), lab.host("b")
    lab.connect(a, b, "192.0.2.0/28")
    for n, node in enumerate((a, b), 1):
        node.run(
            "ip link add link eth0 name eth0.100 type vlan proto 802.1ad id 100 && ip link set eth0.100 up && "
            "ip link add link eth0.100 name eth0.100.10 type vlan id 10 && ip link set eth0.100.10 up && "
            f"ip addr add 10.0.10.{n}/24 dev eth0.100.10",
            check=True,
        )
    a.run("ping -c1 -W5 10.0.10.2", check=True)
    return traffic(lab, a, "10.0.10.2", b)


BORE = """
import fcntl, os, select, socket, struct, sys
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
carrier = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
carrier.bind(("", 5000))
print("ready", flush=True)
while True:
    for ready in select.select([tun, carrier], [], [])[0]:
        if ready == tun:
            carrier.sendto(bytes(octet ^ 0x55 for octet in os.read(tun, 2000)), (sys.argv[1], 5000))
        else:
            os.write(tun, bytes(octet ^ 0x55 for octet in carrier.recv(2000)))
"""
"""What a tunnel by a program does: packets go to it through a tun device, and disguised to the other end."""


@network
def tun(lab):
    a, b = ends(lab)
    for node, other in ((a, b), (b, a)):
        ready(node, ["python3", "-c", BORE, other.address])
    for n, node in enumerate((a, b), 1):
        node.run(f"ip addr add 10.9.0.{n}/24 dev tun0 && ip link set tun0 up", check=True)
    a.run("ping -c1 -W5 10.9.0.2", check=True)
    return traffic(lab, a, "10.9.0.2", b)


@network
def vxlan_in_gre(lab):
    a, b = ends(lab)
    for n, (node, other) in enumerate(((a, b), (b, a)), 1):
        node.run(
            f"ip link add g0 type gre local {node.address} remote {other.address} ttl 64 && "
            f"ip addr add 10.8.0.{n}/24 dev g0 && ip link set g0 up && "
            f"ip link add v0 type vxlan id 5 dstport 4789 local 10.8.0.{n} remote 10.8.0.{3 - n} && "
            f"ip addr add 10.9.0.{n}/24 dev v0 && ip link set v0 up",
            check=True,
        )
    a.run("ping -c1 -W5 10.9.0.2", check=True)
    return traffic(lab, a, "10.9.0.2", b)


@network
def ipvlan(lab):
    host, far, router = lab.host("h"), lab.host("far"), lab.router("r")
    lab.connect(host, router, "10.0.1.0/24")
    lab.connect(far, router, "10.0.2.0/24")
    host.run("ip link add iv0 link eth0 type ipvlan mode l2 && ip link set iv0 up", check=True)
    host.run("ip addr add 10.0.1.50/24 dev iv0 && ip route add 10.0.2.0/24 via 10.0.1.1 dev iv0", check=True)
    host.run(f"ping -c1 -W5 {far.address}", check=True)
    return traffic(lab, host, far.address, far)


@network
def wireguard(lab):
    a, b = ends(lab)
    keys = {}
    for node in (a, b):
        private = node.run("wg genkey", check=True).output.strip()
        keys[node.name] = (private, node.run("wg pubkey", input=private, check=True).output.strip())
    for n, (node, other) in enumerate(((a, b), (b, a)), 1):
        node.run("ip link add wg0 type wireguard", check=True)
        node.run("wg set wg0 listen-port 51820 private-key /dev/stdin", input=keys[node.name][0], check=True)
        node.run(
            f"wg set wg0 peer {keys[other.name][1]} endpoint {other.address}:51820 allowed-ips 10.9.0.0/24 && "
            f"ip addr add 10.9.0.{n}/24 dev wg0 && ip link set wg0 up",
            check=True,
        )
    a.run("ping -c1 -W5 10.9.0.2", check=True)
    return traffic(lab, a, "10.9.0.2", b)


@network
def doubled_and_reordered(lab):
    """netem on the way doubles some packets, holds others back and loses some."""
    a, b = ends(lab)
    answer(b, 53)
    lab["r"].run(
        "tc qdisc add dev eth1 root netem delay 3ms 3ms 25% duplicate 20% reorder 40% 50% loss 10% seed 7 || "
        "tc qdisc add dev eth1 root netem delay 3ms 3ms 25% duplicate 20% reorder 40% 50% loss 10%",
        check=True,
    )
    with lab.trace() as trace:
        for _ in range(3):
            ask(a, b.address, 53, 20, patience=0.01)
        a.run(f"ping -c5 -i.2 {b.address}")
    return trace


def main(names: list[str]) -> None:
    """Records those networks, or all."""
    for name in names or NETWORKS:
        with Lab(name.replace("_", "-")) as lab:
            trace = NETWORKS[name](lab)
        path = Path(__file__).with_name(f"{name}.pcapng")
        trace.recording.save(path)
        print(f"{name}: {len(trace.recording.frames)} frames, {path.stat().st_size >> 10} KiB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
