"""From a capture file to journeys, compared with programs that only read the same file: tshark, dpkt and scapy.

    python -m tests.bench.join

The tagged capture of a published port (small packets through NAT at four points and more), repeated with later times.
Each figure is a fresh process; scapy and dpkt read a part of it, and count TCP and UDP ports. To reach: 15 times
tshark's frames per second; a million frames in 3 s and 1.5 GiB; the time per frame flat to three million.
"""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.measure import ROOT, median, table

if TYPE_CHECKING:
    from cnetkit.recording.recording import Recording

ROUNDS = 5
CAPTURE = ROOT / "tests" / "data" / "truth" / "portmap.pcapng"
SIZES = {"10,000": 2, "100,000": 16, "1,000,000": 160, "3,000,000": 480}
"""How often the capture of 6,292 frames is repeated to reach about that many."""
LARGE, SMALL = "1,000,000", "100,000"
FULL = 1448
"""Octets of TCP payload in an Ethernet frame of 1,514, with timestamps."""

TIMED = """
import resource, sys, time
started = time.perf_counter()
{imports}
ready = time.perf_counter()
count = 0
{work}
ended = time.perf_counter()
print(count, ended - ready, ended - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20))
"""
PROGRAMS = {
    "cnetkit": (
        "from cnetkit.recording.recording import load\nfrom cnetkit.trace import explain",
        "trace = explain(load(sys.argv[1]))\nlen(trace.journeys)\ncount = len(trace.recording.frames)",
    ),
    "cnetkit, summary": (
        "from rich.console import Console\nfrom cnetkit.recording.recording import load\nfrom cnetkit.trace import explain\n"
        "from cnetkit.view.terminal import print_trace",
        "trace = explain(load(sys.argv[1]))\nprint_trace(trace, Console(file=sys.stderr))\ncount = len(trace.recording.frames)",
    ),
    "cnetkit, JSON": (
        "from cnetkit.recording.recording import load\nfrom cnetkit.trace import explain",
        "trace = explain(load(sys.argv[1]))\nlen(trace.to_json())\ncount = len(trace.recording.frames)",
    ),
    "cnetkit, table of frames": (
        "import pandas\nfrom cnetkit.recording.recording import load\nfrom cnetkit.trace import explain",
        "trace = explain(load(sys.argv[1]))\ncount = len(trace.tables.frames)",
    ),
    "dpkt": (
        "import dpkt",
        "for _, data in dpkt.pcapng.Reader(open(sys.argv[1], 'rb')):\n"
        "    packet = dpkt.ethernet.Ethernet(data).data\n"
        "    getattr(getattr(packet, 'data', None), 'dport', 0)\n    count += 1",
    ),
    "scapy": (
        "from scapy.all import PcapNgReader, IP, TCP, UDP",
        "for packet in PcapNgReader(sys.argv[1]):\n    (TCP in packet or UDP in packet) and packet.dport\n    count += 1",
    ),
}


def write(times: int, path: Path) -> None:
    """The capture, `times` times one after another, as one file."""
    from cnetkit.recording.recording import load

    repeated(load(CAPTURE), times).save(path)


def repeated(once: Recording, times: int) -> Recording:
    """`once`, `times` times one after another."""
    import numpy as np

    frames, count = once.frames, len(once.frames)
    whole = frames.take(np.tile(np.arange(count), times))
    step = int(frames.time_ns.max() - frames.time_ns.min()) + 10**9
    whole = replace(whole, time_ns=whole.time_ns + np.repeat(np.arange(times), count) * step)
    return replace(once, frames=whole)


def write_full(times: int, path: Path) -> None:
    """The same with payloads filled up to 1,448 octets, and with sequence numbers that leave room for those."""
    import numpy as np

    from cnetkit.recording.columns import decode
    from cnetkit.recording.protocols import TCP, UDP
    from cnetkit.recording.recording import load

    once = load(CAPTURE)
    frames, c = once.frames, decode(once.frames)
    packets = []
    for number in range(len(frames)):
        at = int(c.payload[number] - frames.start[number])
        whole = frames.bytes_of(number)
        head, payload = bytearray(whole[:at]), whole[at : at + int(c.payload_length[number])]
        if c.protocol[number] in (TCP, UDP) and payload and not c.depth[number]:
            payload += random.Random(payload).randbytes(max(0, FULL - len(payload)))
            network, transport = (int(one[number] - frames.start[number]) for one in (c.network, c.transport))
            struct.pack_into(">H", head, network + 2, at - network + len(payload))
            if c.protocol[number] == UDP:
                struct.pack_into(">H", head, transport + 4, 8 + len(payload))
        if c.protocol[number] == TCP:
            place = int(c.transport[number] - frames.start[number]) + 4
            struct.pack_into(">II", head, place, *(int(one[number]) * FULL % 2**32 for one in (c.seq, c.ack)))
        packets.append(bytes(head) + payload)
    size = np.array([len(packet) for packet in packets], np.int32)
    full = replace(
        frames, data=np.frombuffer(b"".join(packets), np.uint8), start=(np.cumsum(size) - size).astype(np.int64),
        captured=size, length=size,
    )  # fmt: skip
    repeated(replace(once, frames=full), times).save(path)


def run(program: str, path: Path) -> dict[str, float]:
    """One fresh process: frames, seconds without loading the program, with it, and the peak memory in GiB."""
    imports, work = PROGRAMS[program]
    code = TIMED.format(imports=imports, work=work)
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return dict(zip(("frames", "seconds", "whole", "memory"), map(float, done.stdout.split()), strict=True))


def run_tshark(path: Path) -> dict[str, float]:
    """tshark printing the fields from which journeys are found."""
    fields = ("frame.time_epoch", "frame.interface_name", "ip.src", "ip.dst", "ip.id", "tcp.srcport", "tcp.dstport",
              "tcp.seq", "udp.srcport", "udp.dstport")  # fmt: skip
    wanted = [option for field in fields for option in ("-e", field)]
    code = (
        "import json, resource, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "reader = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)\n"
        "lines = sum(1 for _ in reader.stdout)\n"
        "reader.wait()\n"
        "print(json.dumps([lines, time.perf_counter() - started, "
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20)]))"
    )
    command = [sys.executable, "-c", code, "tshark", "-n", "-r", str(path), "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    frames, seconds, memory = json.loads(done.stdout)
    return {"frames": frames, "seconds": seconds, "whole": seconds, "memory": memory}


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure; of memory the most."""
    return {name: median([one[name] for one in runs]) for name in runs[0]} | {"memory": max(r["memory"] for r in runs)}


def others(files: dict[str, Path]) -> None:
    """Other programs reading the same file, in turn."""
    ways = {
        "cnetkit": (lambda: run("cnetkit", files[LARGE])),
        "dpkt": (lambda: run("dpkt", files[SMALL])),
        "scapy": (lambda: run("scapy", files["10,000"])),
    }
    if shutil.which("tshark"):
        ways["tshark -T fields"] = lambda: run_tshark(files[SMALL])
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            figures[name].append(way())
    found = {name: medians(runs) for name, runs in figures.items()}
    ours = found["cnetkit"]["frames"] / found["cnetkit"]["seconds"]
    rows = [
        (name, f"{one['frames']:,.0f}", f"{one['seconds']:.2f} s", f"{one['frames'] / one['seconds']:,.0f}",
         f"{ours / (one['frames'] / one['seconds']):.1f}", f"{one['memory']:.2f} GiB")
        for name, one in found.items()
    ]  # fmt: skip
    table("join: a capture file to journeys, and others only reading it",
          ("", "frames", "took", "frames a second", "cnetkit is times as fast", "memory"), rows)  # fmt: skip


def full(path: Path) -> None:
    """Full-size frames, where the octets count."""
    ways = {"cnetkit": lambda: run("cnetkit", path)}
    if shutil.which("tshark"):
        ways["tshark -T fields"] = lambda: run_tshark(path)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(3):
        for name, way in ways.items():
            found[name].append(way())
    middle = {name: medians(runs) for name, runs in found.items()}
    rows = [
        (name, f"{one['frames']:,.0f}", f"{one['seconds']:.2f} s", f"{one['frames'] / one['seconds']:,.0f}",
         f"{one['seconds'] / middle['cnetkit']['seconds']:.1f}", f"{one['memory']:.2f} GiB")
        for name, one in middle.items()
    ]  # fmt: skip
    table(f"join: frames with {FULL:,} octets of payload",
          ("", "frames", "took", "frames a second", "cnetkit is times as fast", "memory"), rows)  # fmt: skip


def growth(files: dict[str, Path]) -> None:
    """The time per frame, from few to many."""
    rows = []
    for size, path in files.items():
        one = medians([run("cnetkit", path) for _ in range(ROUNDS if size != "3,000,000" else 3)])
        each = one["seconds"] / one["frames"] * 1e6
        rows.append((f"{one['frames']:,.0f}", f"{one['seconds']:.2f} s", f"{each:.2f} µs", f"{one['memory']:.2f} GiB"))
    table("join: growth", ("frames", "took", "a frame", "memory"), rows)


def further(files: dict[str, Path]) -> None:
    """Results from the journeys, from file to result, including loading the program."""
    rows = []
    for program in ("cnetkit, summary", "cnetkit, JSON", "cnetkit, table of frames"):
        one = medians([run(program, files[LARGE]) for _ in range(3)])
        rows.append((program.split(", ")[1], f"{one['whole']:.2f} s", f"{one['memory']:.2f} GiB"))
    table(f"join: {LARGE} frames from the start of the program to its", ("", "took", "memory"), rows)


def main() -> None:
    """Prints the tables."""
    with tempfile.TemporaryDirectory() as folder:
        files = {size: Path(folder) / f"{times}.pcapng" for size, times in SIZES.items()}
        for size, path in files.items():
            # In a process of its own: processes inherit the peak memory of the one that starts them.
            written = [sys.executable, "-m", "tests.bench.join", "--write", str(SIZES[size]), str(path)]
            subprocess.run(written, check=True, cwd=ROOT)
        others(files)
        full_size = Path(folder) / "full.pcapng"
        subprocess.run(
            [sys.executable, "-m", "tests.bench.join", "--full", str(SIZES[SMALL]), str(full_size)],
            check=True,
            cwd=ROOT,
        )
        full(full_size)
        growth(files)
        further(files)


if __name__ == "__main__":
    if "--write" in sys.argv:
        write(int(sys.argv[2]), Path(sys.argv[3]))
    elif "--full" in sys.argv:
        write_full(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
