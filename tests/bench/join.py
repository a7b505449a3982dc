"""From a capture in memory to journeys, and to JSON: a million small packets through NAT.

    python -m tests.bench.join

The tagged capture of a published port, repeated with times of its own. Each round is a fresh process. To reach: decoded
and joined in at most 2.2 s and 1.2 GiB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np

from tests.bench.measure import ROOT, median, table

TIMES, ROUNDS = 160, 3
CAPTURE = ROOT / "tests" / "data" / "truth" / "portmap.pcapng"


def one_round(document: bool) -> dict[str, float]:
    """Seconds of decoding and joining, and of the document where it is asked for; the most memory ever held, in GiB."""
    from cnetkit.recording.recording import load
    from cnetkit.trace import explain

    once = load(CAPTURE)
    frames, count = once.frames, len(once.frames)
    whole = frames.take(np.tile(np.arange(count), TIMES))
    step = int(frames.time_ns.max() - frames.time_ns.min()) + 10**9
    whole = replace(whole, time_ns=whole.time_ns + np.repeat(np.arange(TIMES), count) * step)
    started = time.perf_counter()
    trace = explain(replace(once, frames=whole))
    journeys = len(trace.journeys)
    joined = time.perf_counter()
    size = len(trace.to_json()) if document else 0
    ended = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    return {"frames": len(whole), "journeys": journeys, "join": joined - started, "json": ended - joined,
            "memory": memory, "bytes": size}  # fmt: skip


def main() -> None:
    """Runs fresh processes and prints the medians."""
    runs = []
    for number in range(ROUNDS):
        command = [sys.executable, "-m", "tests.bench.join", "--once", *(["--json"] if number == ROUNDS - 1 else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        runs.append(json.loads(done.stdout))
    last = runs[-1]
    rows = [
        ("decoded and joined", f"{median([run['join'] for run in runs]):.2f} s"),
        ("memory for that", f"{max(run['memory'] for run in runs[:-1]):.2f} GiB"),
        ("as JSON", f"{last['json']:.2f} s, {last['bytes'] / 1e6:.0f} MB"),
    ]
    table(f"join: {last['frames']:,} frames, {last['journeys']:,} journeys", ("", "figure"), rows)


if __name__ == "__main__":
    if "--once" in sys.argv:
        print(json.dumps(one_round("--json" in sys.argv)))
    else:
        main()
