"""Draws the pictures of the documentation from live runs: docs/picture.svg, docs/engine.svg. See `make picture`."""

from collections.abc import Sequence
from pathlib import Path

from cnetkit import Lab, catalog
from cnetkit.trace import Journey
from cnetkit.view import ladder

HERE = Path(__file__).parent


def draw(name: str, journeys: Sequence[Journey], title: str) -> None:
    """Writes one picture."""
    (HERE / name).write_text(ladder(journeys, title) + "\n", encoding="utf-8")


def published_port() -> None:
    """The README's picture: the lab `port-mapping`."""
    entry = catalog.find("port-mapping")
    with Lab(entry.name) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    flow = next(flow for flow in trace.flows if flow.protocol == "tcp")
    draw("picture.svg", flow.journeys[:2], "A request for a published port, and its answer")


def overlay() -> None:
    """The picture of docs/engine.md: a datagram between two hosts' bridges, over VXLAN."""
    with Lab("overlay") as lab:
        hosts = [lab.host("n1"), lab.host("n2")]
        lab.connect(hosts[0], hosts[1], "192.0.2.0/24")
        pods = [
            host.bridge("br0", f"10.0.0.{n}/24").container(f"p{n}", f"10.0.0.{n}0") for n, host in enumerate(hosts, 1)
        ]
        for host, other in (hosts, hosts[::-1]):
            tunnel = f"vxlan id 42 dstport 4789 local {host.address} remote {other.address}"
            host.run(f"ip link add vxlan42 type {tunnel} && ip link set vxlan42 up master br0", check=True)
        pods[0].run(f"ping -c1 {pods[1].address}", check=True)
        with lab.trace() as trace:
            pods[0].run(f"ping -c1 {pods[1].address}", check=True)
    asked = next(journey for journey in trace.journeys if journey.packet.kind == "echo request")
    draw("engine.svg", [asked], "One packet over a VXLAN overlay")


if __name__ == "__main__":
    published_port()
    overlay()
