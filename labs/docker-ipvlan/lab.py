"""Docker's ipvlan: containers on the host's own link, with the MAC address of the host.

A host with a real Docker engine, and a machine outside. `one` and `two` are on an ipvlan network: each has an address in the
network of the host's link, and all three answer to one MAC address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "Two containers and their host have one MAC address. Who finds out which of them a frame is for, and how?"
ANSWER = "The ipvlan at the host's link, by the IP address. To the switch outside, containers and host are one machine."
NEEDS = ("docker-28.5", "ipvlan", "nft-trace", "conntrack", "curl")


def network(lab: Lab) -> None:
    """Starts the engine and the containers, by the commands that one types."""
    dock, outside = lab.host("dock", programs="docker-28.5"), lab.host("outside")
    lab.connect(outside, dock, "203.0.113.0/24")
    docker = dock.docker()
    docker(
        "network create -d ipvlan --subnet 203.0.113.0/24 --ip-range 203.0.113.64/27 -o parent=eth0 link", check=True
    )
    docker("run -d --name one --network link --ip 203.0.113.70 host python3 -m http.server 80", check=True)
    docker("run -d --name two --network link --ip 203.0.113.71 host sleep infinity", check=True)
    lab["one"].wait_port(80)


def traffic(lab: Lab) -> None:
    """Asks one from outside, from its neighbour and from the host itself, which gets no answer."""
    docker = lab["dock"].docker()
    lab["outside"].run("curl -s -o /dev/null http://203.0.113.70/")
    docker("exec two curl -s -o /dev/null http://203.0.113.70/")
    lab["dock"].run("curl -s -m 1 -o /dev/null http://203.0.113.70/")
