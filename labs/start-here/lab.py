"""Start here: two machines, one wire, the first packet.

Two network namespaces joined by a veth pair. The first one pings the second one twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "left knows only an IP address. What must it send before the first ping can leave, and who answers?"
ANSWER = "An ARP request to everybody on the link; right answers with its MAC address, and then the ping can leave."
NEEDS = ("ping",)


def network(lab: Lab) -> None:
    """Builds two machines on a wire."""
    left, right = lab.host("left"), lab.host("right")
    lab.connect(left, right, "10.0.0.0/24")


def traffic(lab: Lab) -> None:
    """Sends the first ping, and one more."""
    for _ in range(2):
        lab["left"].run("ping -c 1 -W 2 10.0.0.1")
