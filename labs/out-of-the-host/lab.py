"""Out of the host: how a container with a private address reaches the world, and how the answer comes back.

A host with Docker's bridge, a router, and a server behind it that has no route to 172.17.0.0/16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "The server has no route to the container. Why does its answer arrive nevertheless?"
ANSWER = (
    "The host put its own address in place of the container's, and its connection entry puts the container's back "
    "in the answer."
)
NEEDS = ("iptables-nat", "nft-trace", "conntrack", "curl", "ping")


def network(lab: Lab) -> None:
    """Builds containers behind a host, the host behind a router, and a server behind the router."""
    router, host, server = lab.router("router"), lab.host("dock"), lab.host("server")
    lab.connect(host, router, "192.0.2.0/28")
    lab.connect(server, router, "198.51.100.0/24")
    host.bridge("docker0", "172.17.0.1/16").containers("c{}", 2)
    server.http_server(80)


def traffic(lab: Lab) -> None:
    """Sends a ping and a request from the first container, and a request from the second one."""
    lab["c0"].run("ping -c 1 -W 2 198.51.100.2")
    for name in ("c0", "c1"):
        lab[name].run("curl -s -m 5 http://198.51.100.2/")
