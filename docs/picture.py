"""Draws docs/picture.svg, with which the README opens, from a live run of the lab `port-mapping`. See `make picture`."""

from pathlib import Path

from cnetkit import Lab, catalog
from cnetkit.view import ladder

entry = catalog.find("port-mapping")
with Lab(entry.name) as lab:
    entry.network(lab)
    with lab.trace() as trace:
        entry.traffic(lab)
flow = next(flow for flow in trace.flows if flow.protocol == "tcp")
target = Path(__file__).with_name("picture.svg")
target.write_text(ladder(flow.journeys[:2], "A request for a published port, and its answer") + "\n", encoding="utf-8")
