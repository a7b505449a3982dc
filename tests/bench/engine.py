"""How long a real Docker engine takes in a lab's host, and how much memory: python -m tests.bench.engine

The engine until it is ready, with its image; a container until it runs and is a node; a container that is started and gone.
Memory is what `smem` would call proportional: each page is shared out among those who have it (proc(5), Pss).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from cnetkit import Lab, programs
from cnetkit.model import CnetkitError

PROGRAMS = "docker-28.5"
TIMES = 5


def seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def memory(lab: Lab) -> float:
    """Megabytes of everything that runs in the lab's hosts."""
    own = {
        line.split()[-1]
        for host in lab.nodes.values()
        for line in [host.run("readlink /proc/self/ns/pid").output]
        if line
    }
    total = 0
    for entry in Path("/proc").iterdir():
        try:
            inside = (entry / "ns" / "pid").readlink().name in own
            text = (entry / "smaps_rollup").read_text(encoding="ascii") if inside else ""
        except (OSError, AttributeError):
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def one() -> tuple[float, float, float]:
    with Lab("bench") as lab:
        dock = lab.host("dock", programs=PROGRAMS)
        dock.run("true")
        up = seconds(dock.docker)
        docker = dock.docker()
        run = seconds(lambda: docker("run -d --name web host sleep 1000", check=True))
        assert "web" in lab.nodes
        brief = seconds(lambda: docker("run --rm host true", check=True))
        return up, run, brief


def main() -> None:
    """Prints medians and the slowest."""
    try:
        programs.root(PROGRAMS)
    except CnetkitError as error:
        print(error)
        return
    rows = list(zip(*[one() for _ in range(TIMES)], strict=True))
    for name, values in zip(
        ("engine ready", "container running and a node", "container run and gone"), rows, strict=True
    ):
        print(f"{name:32} {statistics.median(values):6.2f} s   slowest {max(values):.2f} s")
    for count in (1, 10):
        with Lab("bench") as lab:
            begun = time.perf_counter()
            for number in range(count):
                lab.host(f"d{number}", programs=PROGRAMS).docker()("run -d --name web host sleep 1000", check=True)
            print(
                f"{count:2} hosts with an engine and a container: {memory(lab):7.0f} MB, {time.perf_counter() - begun:.1f} s"
            )


if __name__ == "__main__":
    main()
