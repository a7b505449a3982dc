"""Draws the pictures of the documentation from live runs: docs/picture.png, docs/engine.svg. See `make picture`.

The first one is a photograph of the viewer: it needs Chromium.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from cnetkit import Lab, catalog
from cnetkit.trace import Journey
from cnetkit.view import ladder

HERE = Path(__file__).parent


def draw(name: str, journeys: Sequence[Journey], title: str) -> None:
    """Writes one picture."""
    (HERE / name).write_text(ladder(journeys, title) + "\n", encoding="utf-8")


def published_port() -> None:
    """The README's picture: the viewer with the lab `port-mapping`, at the hop that a rule translates."""
    entry = catalog.find("port-mapping")
    with Lab(entry.name) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    opening = next(flow for flow in trace.flows if flow.protocol == "tcp").journeys[0]
    hop = next(hop for hop in opening.hops if any(change.field == "ip.dst" for change in hop.changes))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "page.html"
        trace.to_html(page_file)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 840}, reduced_motion="reduce")
        page.goto(page_file.as_uri())
        page.evaluate(
            "(frame) => window.cnetkit.cursor.select(window.cnetkit.story.hops.frame.indexOf(frame))", hop.frame
        )
        page.wait_for_timeout(800)
        page.screenshot(path=HERE / "picture.png")
        browser.close()


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
