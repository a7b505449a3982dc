"""A network in a store: two Docker engines that share an overlay through etcd.

Two hosts with a real Docker engine each, 20.10, the last whose overlay uses a store outside of itself; a third host with a real
etcd; a router between them. `web` and `client` are containers of one overlay network, on different hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "Two engines on two hosts share one network. How does one know where the other's containers are?"
ANSWER = (
    "From the store an engine knows the network, its containers' names and the other engines. Where a container is, its engine "
    "tells the others itself; from that they lay neighbour and forwarding entries, and their tunnel wraps packets for that host."
)
NEEDS = ("docker-20.10", "etcd-3.4", "iptables-nat", "nft-trace", "conntrack", "vxlan", "curl")


def network(lab: Lab) -> None:
    """Starts the store and the engines, and makes the overlay on one of them."""
    router, store = lab.router("router"), lab.host("store", programs="etcd-3.4")
    hosts = [lab.host(name, programs="docker-20.10") for name in ("n1", "n2")]
    for number, host in enumerate((store, *hosts)):
        lab.connect(host, router, f"192.0.2.{16 * number}/28")
    store.start(
        "etcd --enable-v2 --data-dir /var/lib/etcd --listen-client-urls http://0.0.0.0:2379 "
        f"--advertise-client-urls http://{store.address}:2379"
    )
    store.wait_port(2379)
    one, two = (
        host.docker(options=f"--cluster-store=etcd://{store.address}:2379 --cluster-advertise={host.address}:2376")
        for host in hosts
    )
    one("network create -d overlay --subnet 10.0.9.0/24 shared", check=True)
    two("network inspect shared", check=True)
    one("run -d --name web --network shared host python3 -m http.server 80", check=True)
    two("run -d --name client --network shared host sleep infinity", check=True)
    lab["web"].wait_port(80)


def traffic(lab: Lab) -> None:
    """Asks web by its name, from the other host."""
    lab["n2"].docker()("exec client curl -s -o /dev/null http://web/")
