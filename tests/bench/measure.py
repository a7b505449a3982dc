"""Shared by the benchmarks: compiling a yardstick, medians, and printing a table."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROUNDS = 5
KERNEL_MEMORY = ("Slab", "KernelStack", "PageTables", "Percpu")
_PATIENCE = 60.0


def compiled(source: str, folder: Path, *options: str) -> str:
    """Compiles one C file of this folder into `folder` with gcc -O2 and returns the program's path."""
    program = folder / Path(source).stem
    subprocess.run(["gcc", "-O2", *options, "-o", str(program), str(HERE / source)], check=True)
    return str(program)


def kernel_memory() -> int:
    """KiB that the kernel uses for itself (/proc/meminfo)."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.partition(":")[0] in KERNEL_MEMORY)


def reclaimed(before: int) -> None:
    """Waits until the kernel has removed what was built, which it does in the background: until its memory is back
    within a tenth of `before` and no longer falls. RuntimeError after a minute."""
    end = time.monotonic() + _PATIENCE
    bound = before + max(4096, (kernel_memory() - before) // 10)
    last = kernel_memory()
    while time.monotonic() < end:
        time.sleep(0.5)
        now = kernel_memory()
        if now <= bound and now > last - 512:
            return
        last = now
    raise RuntimeError(f"the kernel still holds {last - before} KiB more than before the round: is the machine busy?")


def side_by_side(ways: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Runs all ways in turn, `rounds` times, so that a disturbance affects all; returns the figures of each. Each
    starts when the kernel has removed what the previous one built."""
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            before = kernel_memory()
            figures[name].append(way())
            reclaimed(before)
    return figures


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints one table."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in lines) for column in range(len(head))]
    print(title)
    for row in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def median(figures: Sequence[float]) -> float:
    """The median."""
    return statistics.median(figures)
