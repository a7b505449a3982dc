"""Port mapping: how a published port reaches a container.

A host with Docker's default bridge, two containers on it, and a machine outside. Port 8080 of the host is published to
port 80 of `web`. The machine outside sends a request to it, and so does the other container, which a proxy on the host serves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "Nothing in the container listens on port 8080. Who changes which address, and who changes it back?"
ANSWER = (
    "One rule of the host changes the destination on the way in; its connection entry changes it back, so web never "
    "hears of port 8080."
)
NEEDS = ("iptables-nat", "nft-trace", "conntrack", "br_netfilter", "curl")


def network(lab: Lab) -> None:
    """Builds what `docker run -p 8080:80` builds with Docker 28.5: its rules, and its proxy for other containers."""
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16")
    web, _ = net.container("web"), net.container("client")
    outside = lab.host("outside")
    lab.connect(outside, host, "203.0.113.0/24")
    host.publish(8080, to=web, port=80)
    web.http_server(80)


def traffic(lab: Lab) -> None:
    """Sends a request to the published port from outside, and one from the other container (the hairpin)."""
    lab["outside"].run("curl -s http://203.0.113.1:8080/")
    lab["client"].run("curl -s http://203.0.113.1:8080/")
