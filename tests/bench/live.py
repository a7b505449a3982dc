"""The last second of a running capture: 5,000 packets per second through DNAT, at every hop.

    python -m tests.bench.live

"Ready" is when the journeys of that second and their outcomes are available; "in words" when the hops of one journey
and their evidence are, too. "Behind" is the age of the newest frame at that time. To reach: ready within 100 ms.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from cnetkit.lab import Lab
from tests.bench.capture import build
from tests.bench.measure import ROOT, compiled, median, table

RATE, SECONDS, LOOKS = 5_000, 8, 10


def looks(program: str, verdicts: bool) -> dict[str, list[float]]:
    """Figures for each query of one capture."""
    found: dict[str, list[float]] = {"ready": [], "words": [], "behind": [], "journeys": [], "frames": [], "whole": []}
    with Lab("live") as lab:
        build(lab)
        sink = lab["web"].start([program, "--sink", "80", str(SECONDS + 2)])
        with lab.trace(verdicts=verdicts) as trace:
            command = [program, "203.0.113.1", "8080", str(RATE), str(RATE * SECONDS)]
            sender = threading.Thread(target=lambda: lab["outside"].run(command, check=True, timeout=60))
            sender.start()
            time.sleep(1.5)
            for _ in range(LOOKS):
                started = time.perf_counter()
                part = trace.so_far(1)
                outcomes = part.outcomes
                found["ready"].append((time.perf_counter() - started) * 1000)
                now = time.time_ns()
                repr(part.journeys[-1].hops)
                found["words"].append((time.perf_counter() - started) * 1000)
                found["behind"].append((now - int(part.recording.frames.time_ns.max())) / 1e6)
                found["journeys"].append(len(part.journeys))
                found["frames"].append(len(part.recording.frames))
                found["whole"].append(outcomes["delivered"] / len(part.journeys) * 100)
                time.sleep(0.5)
            sender.join()
        sink.wait()
    return found


def main() -> None:
    """Prints the medians, and the slowest query."""
    rows = []
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:  # a sandbox has a /tmp of its own
        program = compiled("send.c", Path(folder))
        for name, verdicts in (("frames and connections", False), ("and every rule's verdict", True)):
            found = looks(program, verdicts)
            rows.append((
                name, f"{median(found['journeys']):,.0f}", f"{median(found['frames']):,.0f}",
                f"{median(found['whole']):.1f} %", f"{median(found['ready']):.0f} ms", f"{max(found['ready']):.0f} ms",
                f"{median(found['words']):.0f} ms", f"{median(found['behind']):.0f} ms",
            ))  # fmt: skip
    head = ("recorded", "journeys", "frames", "delivered", "ready", "slowest", "in words", "behind")
    table(f"live: the last second of {RATE:,} packets a second", head, rows)


if __name__ == "__main__":
    main()
