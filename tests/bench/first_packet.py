"""From nothing to the first hop table: cold in a fresh process, and rebuilt warm in the same one.

    python -m tests.bench.first_packet

Bridge, two containers, a published port, a real server, one traced request, the table of its hops. To reach: at most
one second cold, from before the import; at most 30 ms for building the network again warm.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.bench.measure import ROOT, ROUNDS, median, table


def one_round() -> dict[str, float]:
    """Milliseconds of the parts of one round, the import of cnetkit included where it was not imported before."""
    started = time.perf_counter()
    from cnetkit.lab import Lab

    with Lab("first") as lab:
        host = lab.host("dock")
        net = host.bridge("docker0", "172.17.0.1/16")
        web, _ = net.container("web"), net.container("client")
        outside = lab.host("outside")
        lab.connect(outside, host, "203.0.113.0/24")
        host.publish(8080, to=web, port=80)
        built = time.perf_counter()
        web.http_server(80)
        with lab.trace() as trace:
            outside.run("curl -s http://203.0.113.1:8080/")
        rows = len(trace.table)
        shown = time.perf_counter()
    assert rows > 0
    return {"built": (built - started) * 1e3, "table": (shown - started) * 1e3}


def main() -> None:
    """Runs fresh processes and prints the medians."""
    cold, warm = [], []
    for _ in range(ROUNDS):
        command = [sys.executable, "-m", "tests.bench.first_packet", "--once"]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        whole = (time.perf_counter() - started) * 1e3
        first, *rest = json.loads(done.stdout)
        cold.append({**first, "process": whole})
        warm += rest
    rows = [
        (name, *(f"{median([figures[part] for figures in some]):.0f} ms" for part in ("built", "table")))
        for name, some in (("cold, with import", cold), ("warm, same process", warm))
    ]
    table("first packet", ("", "network built", "hop table"), rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["--once"]:
        print(json.dumps([one_round() for _ in range(4)]))
    else:
        main()
