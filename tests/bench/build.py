"""Building 100 and 1,000 containers: cnetkit beside a C program with raw netlink, and beside `ip -batch`.

    python -m tests.bench.build

Each container is a namespace, a veth pair, a bridge port, an address and a default route. Checksum offload is switched
off by cnetkit and by the C program; `ip` cannot do that, and is not charged for it. Starting the sandbox is not
measured here (see first_packet.py). To reach: 100 containers in at most 1.25 of C's time and 0.4 of `ip -batch`'s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import ROOT, compiled, median, side_by_side, table

UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
KERNEL_MEMORY = ("Slab", "KernelStack", "PageTables", "Percpu")


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
    from cnetkit.lab import Lab

    with Lab("bench") as lab:
        host = lab.host("dock")
        started = time.perf_counter()
        for number in range(-(-count // ports)):
            net = host.bridge(f"br{number}", f"10.{number}.0.1/16")
            net.containers(f"n{number}c{{}}", min(ports, count - number * ports))
        return (time.perf_counter() - started) * 1e3


def kernel_memory() -> int:
    """KiB that the kernel uses for itself (/proc/meminfo)."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.partition(":")[0] in KERNEL_MEMORY)


def memory_of(count: int, ports: int) -> float:
    """KiB of kernel memory for each container, while they are there."""
    from cnetkit.lab import Lab

    with Lab("bench") as lab:
        host = lab.host("dock")
        before = kernel_memory()
        for number in range(-(-count // ports)):
            net = host.bridge(f"br{number}", f"10.{number}.0.1/16")
            net.containers(f"n{number}c{{}}", min(ports, count - number * ports))
        return (kernel_memory() - before) / count


def compare(program: str, count: int, ports: int, pause: float) -> float:
    """Prints the table for one size; cnetkit's median milliseconds for each container."""
    figures = side_by_side(
        {
            "C, raw netlink": lambda: with_c(program, count, ports),
            "ip -batch": lambda: with_ip(count, ports),
            "cnetkit": lambda: with_cnetkit(count, ports),
        },
        pause=pause,
    )
    ours = median(figures["cnetkit"])
    rows = [
        (name, f"{median(times):.0f} ms", f"{median(times) / count:.2f} ms", f"{ours / median(times):.2f}")
        for name, times in figures.items()
    ]
    table(f"{count} containers, {ports} to a bridge", ("way", "median", "each", "cnetkit / it"), rows)
    return ours / count


def main() -> None:
    """Prints both tables, and whether the cost of one container stays flat."""
    with tempfile.TemporaryDirectory() as folder:
        program = compiled("build.c", Path(folder))
        hundred = compare(program, 100, 100, pause=3)
        thousand = compare(program, 1000, 100, pause=40)
    print(f"each of 1,000 costs {thousand / hundred:.2f} times each of 100")
    print(f"kernel memory: {memory_of(1000, 100):.0f} KiB for each container")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ip"]:
        print(run_ip(int(sys.argv[2]), int(sys.argv[3])))
    else:
        main()
