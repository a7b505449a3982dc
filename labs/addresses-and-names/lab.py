"""Addresses and names: one real engine, its address pools and its DNS server, and an office with servers and DNS of its own.

`shop`, `annex` and `till` are on a network of their own, `app`; shop and annex share the alias `store`. `web` is on the default
bridge. `router` leads dock to the office's network, 172.18.0.0/16, and answers the office's names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "A container asks for http://shop/. Who gave shop its address, and who tells it to the container that asks?"
ANSWER = (
    "The engine does both: it takes the lowest free address of the network's subnet, and on a network of your own its DNS "
    "server answers inside the container. On the default bridge it answers nobody."
)
NEEDS = ("docker-28.5", "iptables-nat", "nft-trace", "conntrack", "br_netfilter", "dnsmasq", "curl")

SERVE = "host python3 -m http.server 80"
DNS = (
    "dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts --bind-interfaces "
    "--listen-address=203.0.113.1 --local=/#/ --host-record=files.office.example,172.18.0.80"
)


def network(lab: Lab) -> None:
    """Builds the office, and starts the engine and the containers, by the commands that one types."""
    dock, router, office = lab.host("dock", programs="docker-28.5"), lab.router("router"), lab.host("office")
    lab.connect(dock, router, "203.0.113.0/24")
    lab.connect(office, router, "172.18.0.0/16", addresses=("172.18.0.80", "172.18.0.1"))
    router.start(DNS)
    router.wait_port(53)
    office.http_server(80)
    dock.run(r"printf 'nameserver 203.0.113.1\nsearch office.example\n' > /etc/resolv.conf", check=True)
    docker = dock.docker()
    docker("network create --subnet 10.20.0.0/24 app", check=True)
    for options in (
        f"--name shop --network app --network-alias store {SERVE}",
        f"--name annex --network app --network-alias store {SERVE}",
        "--name till --network app host sleep infinity",
        f"--name web {SERVE}",
    ):
        docker(f"run -d {options}", check=True)
    for name in ("shop", "annex", "web"):
        lab[name].wait_port(80)


def traffic(lab: Lab) -> None:
    """Asks for names from both kinds of networks, and lets one container with a link live for a single request."""
    docker, ask = lab["dock"].docker(), "curl -4 -s -o /dev/null"
    docker(f"exec till {ask} http://shop/")
    docker("exec till getent ahostsv4 store")
    docker(f"exec till {ask} http://files.office.example/")
    docker(f"exec web {ask} http://shop/")
    docker(f"run --rm --name once --link web host {ask} http://web/")
