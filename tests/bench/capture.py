"""Capturing small packets at four points through DNAT: cnetkit's rings beside one tcpdump a point, at the same rates.

    python -m tests.bench.capture

A sender in `outside` sends to a published UDP port of `dock`; the container `web` throws the packets away. The points
are outside/eth0, dock/eth0, docker0 and web/eth0. Lost is what the points should have seen and did not. CPU is that of
the capturing processes for each frame that they kept; cnetkit keeps those of all other interfaces too. To reach: nothing
lost at any rate that tcpdump holds, and no more CPU than it. The snapshots of the network before and after are left out.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cnetkit.lab import Lab
from cnetkit.sandbox import running
from tests.bench.measure import ROOT, compiled, median, table

POINTS = (("outside", "eth0"), ("dock", "eth0"), ("dock", "docker0"), ("web", "eth0"))
RATES, SECONDS, ROUNDS = (20_000, 50_000, 90_000), 2, 5
TICK = os.sysconf("SC_CLK_TCK")


def build(lab: Lab) -> None:
    """The network of the port mapping lab, with a UDP port."""
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16")
    web = net.container("web")
    lab.connect(lab.host("outside"), host, "203.0.113.0/24")
    host.publish(8080, to=web, port=80, protocol="udp")


def family(pid: int) -> Iterator[int]:
    """A process and all its descendants that are alive (proc(5))."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text(encoding="ascii").split():
            yield from family(int(child))


def cpu(pid: int) -> float:
    """Seconds of CPU that a process and its living descendants have used."""
    ticks = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def send(lab: Lab, program: str, rate: int) -> int:
    """Sends for SECONDS at `rate`, with somebody listening; how many were sent."""
    sink = lab["web"].start([program, "--sink", "80", str(SECONDS + 2)])
    time.sleep(0.5)
    answer = lab["outside"].run([program, "203.0.113.1", "8080", str(rate), str(rate * SECONDS)], check=True)
    sink.wait()
    return int(answer.output.split()[0])


def with_rings(program: str, rate: int) -> tuple[int, float]:
    """Packets lost, and microseconds of CPU for each packet and point."""
    with Lab("capture") as lab:
        build(lab)
        pid = next(one.pid for one in running() if one.name == "capture")
        with lab.trace(verdicts=False) as trace:
            before = cpu(pid)
            sent = send(lab, program, rate)
            used = cpu(pid) - before
        frames = trace.recording.frames
    seen = np.bincount(frames.tap, minlength=len(frames.taps))
    kept = {(tap.node, tap.interface): int(count) for tap, count in zip(frames.taps, seen, strict=True)}
    return sum(max(0, sent - kept.get(point, 0)) for point in POINTS), used / len(frames) * 1e6


def with_tcpdump(program: str, preload: str, rate: int) -> tuple[int, float]:
    """The same with one tcpdump a point."""
    with Lab("capture") as lab:
        build(lab)
        command = [sys.executable, "-m", "tests.bench.capture", "--watch"]
        watchers = [lab[node].start([*command, preload, name, str(SECONDS + 3)]) for node, name in POINTS]
        time.sleep(1)
        sent = send(lab, program, rate)
        answers = [watcher.wait().check().output.split() for watcher in watchers]
    lost = sum(max(0, sent - int(captured)) for captured, _ in answers)
    return lost, sum(float(used) for _, used in answers) / sum(int(captured) for captured, _ in answers) * 1e6


def watch(preload: str, interface: str, seconds: float) -> None:
    """Runs one tcpdump for so long; prints how many packets it kept and its CPU seconds."""
    command = [
        "tcpdump",
        "-Z",
        "root",
        "-i",
        interface,
        "-w",
        "/tmp/out.pcap",
        "udp",
    ]  # /tmp is the node's own, in memory
    dump = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "LD_PRELOAD": preload})
    time.sleep(seconds)
    dump.send_signal(signal.SIGINT)
    _, words = dump.communicate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    captured = re.findall(r"(\d+) packets? captured", words)
    if not captured:
        sys.exit(f"tcpdump did not capture: {words}")
    print(captured[0], used.ru_utime + used.ru_stime)


def main() -> None:
    """Prints one line for each rate and way."""
    rows = []
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:  # a sandbox has a /tmp of its own
        program = compiled("send.c", Path(folder))
        preload = compiled("nogroups.c", Path(folder), "-shared", "-fPIC")
        for rate in RATES:
            found: dict[str, list[tuple[int, float]]] = {"rings": [], "tcpdump": []}
            for _ in range(ROUNDS):
                found["rings"].append(with_rings(program, rate))
                found["tcpdump"].append(with_tcpdump(program, preload, rate))
            for name, figures in found.items():
                lost, used = median([one[0] for one in figures]), median([one[1] for one in figures])
                rows.append((f"{rate:,}", name, f"{lost:.0f}", f"{used:.2f} µs"))
    table("capture at four points", ("packets a second", "way", "lost", "CPU each"), rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        watch(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    else:
        main()
