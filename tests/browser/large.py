"""A network of 200 nodes with about 10,000 frames, for tests and benchmarks of the viewer."""

from cnetkit.lab import Lab
from cnetkit.trace import Trace

BRIDGES, CONTAINERS, PINGS = 10, 19, 9


def large() -> Trace:
    """Nine hosts' bridges would look the same: one host with ten bridges of 19 containers, and an outside host beside
    it."""
    with Lab("large") as lab:
        dock = lab.host("dock")
        containers = []
        for number in range(BRIDGES):
            net = dock.bridge(f"br{number}", f"10.{number + 1}.0.1/24")
            containers += net.containers(f"c{number}x{{}}", CONTAINERS)
        for number in range(200 - 1 - len(containers)):
            lab.connect(lab.host(f"out{number}"), dock, f"203.0.113.{number * 8}/29")
        addresses = " ".join(container.address for container in containers)
        ping = f"for a in {addresses}; do ping -q -i 0.002 -c {{}} $a >/dev/null & done; wait"
        dock.run(ping.format(1), check=True)  # neighbours are resolved before the capture begins
        with lab.trace(verdicts=False, megabytes=64) as trace:
            dock.run(ping.format(PINGS), check=True)
    return trace
