"""Building 100 and 1,000 containers: cnetkit beside a C program with raw netlink, and beside `ip -batch`.

    python -m tests.bench.build

Each container is a namespace, a veth pair, a bridge port, an address and a default route. Checksum offload is switched
off by cnetkit and by the C program; `ip` cannot do that, and is not charged for it. Starting the sandbox is not
measured here (see first_packet.py). To reach: 100 containers in at most 1.25 of C's time and 0.4 of `ip -batch`'s;
1,000 in at most 3 s, flat, with at most 300 KiB of kernel memory each.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cnetkit.lab import Lab
from tests.bench.measure import ROOT, compiled, kernel_memory, median, side_by_side, table

UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
MEMORY: dict[int, list[float]] = {}
"""KiB of kernel memory for each container, by how many there were, one figure a round."""


def with_c(program: str, count: int, ports: int) -> float:
    """Milliseconds of the C program."""
    done = subprocess.run([*UNSHARE, program, str(count), str(ports)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def with_ip(count: int, ports: int) -> float:
    """Milliseconds of `ip -batch`, measured by a process inside namespaces of its own."""
    inside = f"mount -t tmpfs none /run && exec {sys.executable} -m tests.bench.build --ip {count} {ports}"
    done = subprocess.run([*UNSHARE, "sh", "-c", inside], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(done.stdout)


def run_ip(count: int, ports: int) -> float:
    """The same containers with one `ip -batch` for the host and one for each namespace."""
    host = [f"link add br{number} up type bridge" for number in range(-(-count // ports))]
    for number in range(count):
        host += [
            f"netns add c{number}",
            f"link add v{number} master br{number // ports} up type veth peer name eth0 netns c{number}",
        ]
    started = time.perf_counter()
    subprocess.run(["ip", "-batch", "-"], input="\n".join(host), text=True, check=True)
    for number in range(count):
        address = f"10.{number // 60000}.{number % 60000 // 250}.{number % 250 + 2}/16"
        lines = f"link set lo up\nlink set eth0 up\naddr add {address} dev eth0\nroute add default via 10.0.0.1\n"
        subprocess.run(["ip", "-n", f"c{number}", "-batch", "-"], input=lines, text=True, check=True)
    return (time.perf_counter() - started) * 1e3


def with_cnetkit(count: int, ports: int) -> float:
    """Milliseconds from the first bridge to the last container being there."""
    with Lab("bench") as lab:
        host = lab.host("dock")
        before = kernel_memory()
        started = time.perf_counter()
        for number in range(-(-count // ports)):
            net = host.bridge(f"br{number}", f"10.{number}.0.1/16")
            net.containers(f"n{number}c{{}}", min(ports, count - number * ports))
        took = (time.perf_counter() - started) * 1e3
        MEMORY.setdefault(count, []).append((kernel_memory() - before) / count)
        return took


def with_namespaces(count: int) -> float:
    """KiB of kernel memory for each of so many empty namespaces: what no way of building can go below."""
    inside = f"from tests.bench.build import empty; empty({count})"
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-c", inside], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return float(done.stdout)


def empty(count: int) -> None:
    """Makes the empty namespaces, in this process."""
    libc, new_net = ctypes.CDLL(None, use_errno=True), 0x40000000
    before = kernel_memory()
    kept = []
    for _ in range(count):
        if libc.unshare(new_net):
            sys.exit(os.strerror(ctypes.get_errno()))
        kept.append(os.open("/proc/self/ns/net", os.O_RDONLY))
    print((kernel_memory() - before) / count)


def compare(ways: dict[str, Callable[[int, int], float]], count: int, ports: int) -> float:
    """Prints the table for one size; cnetkit's median milliseconds for each container."""
    figures = side_by_side({name: partial(way, count, ports) for name, way in ways.items()})
    ours = median(figures["cnetkit"])
    rows = [
        (name, f"{median(times):.0f} ms", f"{median(times) / count:.2f} ms", f"{ours / median(times):.2f}")
        for name, times in figures.items()
    ]
    table(f"{count} containers, {ports} to a bridge", ("way", "median", "each", "cnetkit / it"), rows)
    return ours / count


def main() -> None:
    """Prints both tables, and whether the cost of one container stays flat, in time and in kernel memory."""
    with tempfile.TemporaryDirectory() as folder:
        ways = {"C, raw netlink": partial(with_c, compiled("build.c", Path(folder))), "cnetkit": with_cnetkit}
        hundred = compare({**ways, "ip -batch": with_ip}, 100, 100)
        thousand = compare(ways, 1000, 100)
    print(f"each of 1,000 costs {thousand / hundred:.2f} times each of 100")
    sizes = [f"{median(MEMORY[count]):.0f} KiB each of {count:,}" for count in (100, 1000)]
    print(f"kernel memory: {', '.join(sizes)}; an empty namespace takes {with_namespaces(1000):.0f} KiB of it")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ip"]:
        print(run_ip(int(sys.argv[2]), int(sys.argv[3])))
    else:
        main()
