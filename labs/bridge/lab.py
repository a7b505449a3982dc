"""Bridge: how frames find their way between containers of one host.

A host with a bridge and three containers. The first container pings the second one twice. The third one watches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "A bridge gets a frame for an address that it does not know. Who gets a copy, and why does that stop?"
ANSWER = (
    "Every port gets a copy until the bridge has learned from a frame which port the address is behind; then only "
    "that port does."
)
NEEDS = ("veth", "bridge", "ping")


def network(lab: Lab) -> None:
    """Builds what `docker network create` and three `docker run` build."""
    lab.host("dock").bridge("docker0", "172.17.0.1/16").containers("c{}", 3)


def traffic(lab: Lab) -> None:
    """Sends a ping, and another one once all tables are filled."""
    for _ in range(2):
        lab["c0"].run("ping -c 1 -W 2 172.17.0.3")
