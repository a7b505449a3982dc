"""Docker's networks: one real engine, a container on each kind of network, and what reaches it.

A host with a real Docker engine, and a machine outside. `web` is on the default bridge with a published port, `shop` and `till`
are on a network of their own, `direct` has a macvlan on the host's link, and `plain` uses the network of the host itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "Five containers, four kinds of network: what does a packet from outside pass on its way into each?"
ANSWER = (
    "A bridge puts the host's rules between outside and the container, macvlan puts the container beside the host, and with "
    "--network host there is no network of its own."
)
NEEDS = ("docker-28.5", "iptables-nat", "nft-trace", "conntrack", "br_netfilter", "macvlan", "curl")

SERVE = "host python3 -m http.server"


def network(lab: Lab) -> None:
    """Starts the engine and the containers, by the commands that one types."""
    dock, outside = lab.host("dock", programs="docker-28.5"), lab.host("outside")
    lab.connect(outside, dock, "203.0.113.0/24")
    docker = dock.docker()
    docker("network create app", check=True)
    docker(
        "network create -d macvlan --subnet 203.0.113.0/24 --ip-range 203.0.113.64/27 -o parent=eth0 link", check=True
    )
    for options in (
        f"--name web -p 8080:80 {SERVE} 80",
        f"--name shop --network app {SERVE} 80",
        "--name till --network app host sleep infinity",
        f"--name direct --network link --ip 203.0.113.70 {SERVE} 80",
        f"--name plain --network host {SERVE} 8081",
    ):
        docker(f"run -d {options}", check=True)
    for name, port in (("web", 80), ("shop", 80), ("direct", 80), ("dock", 8081)):
        lab[name].wait_port(port)


def traffic(lab: Lab) -> None:
    """Asks each server from outside or from its neighbour, and lets one container live for a single request."""
    outside, docker = lab["outside"], lab["dock"].docker()
    outside.run("curl -s -o /dev/null http://203.0.113.1:8080/")
    outside.run("curl -s -o /dev/null http://203.0.113.70/")
    outside.run("curl -s -o /dev/null http://203.0.113.1:8081/")
    docker("exec till curl -s -o /dev/null http://shop/")
    docker("exec till curl -s -m 1 -o /dev/null http://172.17.0.2/")
    docker("run --rm --name once host sh -c 'sleep 0.3; curl -s -o /dev/null http://172.17.0.2/'")
