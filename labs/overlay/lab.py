"""Overlay: one network over several hosts, inside packets of another network.

Three hosts around a router. Each has a bridge of one overlay, and VXLAN joins the bridges. A container on the first host
sends packets to a container on the second one. The router does not know their network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "The router has no route to 10.0.9.0/24. Which addresses does it see, and who else gets the first frame?"
ANSWER = (
    "The router sees only the hosts' addresses, around the containers' frame; the first frame also went to the "
    "hosts that do not have its receiver."
)
NEEDS = ("vxlan", "bridge", "ping")


def network(lab: Lab) -> None:
    """Builds hosts that flood frames to unknown addresses, and learn from the answers."""
    router, hosts = lab.router("router"), [lab.host(f"n{n}") for n in (1, 2, 3)]
    for n, host in enumerate(hosts, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
    overlay = lab.overlay("ov", hosts, "10.0.9.0/24", id=42)
    for name, host in zip("abc", hosts, strict=True):
        overlay.container(name, host)


def traffic(lab: Lab) -> None:
    """Sends a ping, and then the largest one that fits the tunnel."""
    lab["a"].run("ping -c 1 -W 2 10.0.9.2")
    lab["a"].run("ping -c 1 -W 2 -M do -s 1422 10.0.9.2")
