"""Capturing small packets at four points through DNAT: cnetkit's rings beside one tcpdump a point, at the same rates.

    python -m tests.bench.capture

A sender in `outside` sends to a published UDP port of `dock`; the container `web` throws the packets away. The points
are outside/eth0, dock/eth0, docker0 and web/eth0. Lost is what the points should have seen and did not. CPU is that of
the capturing processes, for each packet at each point. To reach: nothing lost at any rate that tcpdump holds, and no
more CPU than it.
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
        before = cpu(pid)
        with lab.trace() as trace:
            sent = send(lab, program, rate)
        used = cpu(pid) - before
        seen = trace.table
        points = seen[[(node, name) in POINTS for node, name in zip(seen["node"], seen["interface"], strict=True)]]
        return max(0, sent * len(POINTS) - len(points)), used / (sent * len(POINTS)) * 1e6


def with_tcpdump(program: str, rate: int) -> tuple[int, float]:
    """The same with one tcpdump a point."""
    with Lab("capture") as lab:
        build(lab)
        command = [sys.executable, "-m", "tests.bench.capture", "--watch"]
        watchers = [lab[node].start([*command, name, str(SECONDS + 3)]) for node, name in POINTS]
        time.sleep(1)
        sent = send(lab, program, rate)
        answers = [watcher.wait().check().output.split() for watcher in watchers]
    lost = sum(max(0, sent - int(captured)) for captured, _ in answers)
    return lost, sum(float(used) for _, used in answers) / (sent * len(POINTS)) * 1e6


def watch(interface: str, seconds: float) -> None:
    """Runs one tcpdump for so long; prints how many packets it kept and its CPU seconds."""
    command = ["tcpdump", "-Z", "root", "-i", interface, "-w", "/dev/null", "udp"]
    dump = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    dump.send_signal(signal.SIGINT)
    _, words = dump.communicate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    captured = re.findall(r"(\d+) packets? captured", words)
    print(captured[0] if captured else 0, used.ru_utime + used.ru_stime)


def main() -> None:
    """Prints one line for each rate and way."""
    rows = []
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:  # a sandbox has a /tmp of its own
        program = compiled("send.c", Path(folder))
        for rate in RATES:
            found: dict[str, list[tuple[int, float]]] = {"rings": [], "tcpdump": []}
            for _ in range(ROUNDS):
                found["rings"].append(with_rings(program, rate))
                found["tcpdump"].append(with_tcpdump(program, rate))
            for name, figures in found.items():
                lost, used = median([one[0] for one in figures]), median([one[1] for one in figures])
                rows.append((f"{rate:,}", name, f"{lost:.0f}", f"{used:.2f} µs"))
    table("capture at four points", ("packets a second", "way", "lost", "CPU each"), rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        watch(sys.argv[2], float(sys.argv[3]))
    else:
        main()
