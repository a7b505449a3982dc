"""Port mapping by Docker: the same network as port-mapping, built by the real engine.

A host with a real Docker engine, two containers on its default bridge, and a machine outside. Names, addresses and traffic are
those of the lab port-mapping, so that the two can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "What does the real engine do with a published port that the lab port-mapping does not?"
ANSWER = (
    "Nothing: the same hops, the same changes, by the same rules. Only the names of the bridge's ports are its own."
)
NEEDS = ("docker-28.5", "iptables-nat", "nft-trace", "conntrack", "br_netfilter", "curl")


def network(lab: Lab) -> None:
    """Starts the engine and the containers, by the commands that one types."""
    dock = lab.host("dock", programs="docker-28.5")
    docker = dock.docker()
    docker("run -d --name web -p 8080:80 host python3 -m http.server 80", check=True)
    docker("run -d --name client host sleep infinity", check=True)
    outside = lab.host("outside")
    lab.connect(outside, dock, "203.0.113.0/24")
    lab["web"].wait_port(80)


def traffic(lab: Lab) -> None:
    """Sends a request to the published port from outside, and one from the other container (the hairpin)."""
    lab["outside"].run("curl -s -o /dev/null http://203.0.113.1:8080/")
    lab["client"].run("curl -s -o /dev/null http://203.0.113.1:8080/")
