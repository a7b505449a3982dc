"""What the benchmarks share: compiling a yardstick, medians, and one way to print a table."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROUNDS = 5
PAUSE = 1.0
"""Seconds between two rounds: the kernel takes away the namespaces of the last one meanwhile."""


def compiled(source: str, folder: Path, *options: str) -> str:
    """Compiles one C file of this folder into `folder` with gcc -O2 and returns the program's path."""
    program = folder / Path(source).stem
    subprocess.run(["gcc", "-O2", *options, "-o", str(program), str(HERE / source)], check=True)
    return str(program)


def side_by_side(
    ways: dict[str, Callable[[], float]], rounds: int = ROUNDS, pause: float = PAUSE
) -> dict[str, list[float]]:
    """Runs all ways in turn, `rounds` times, so that what disturbs one disturbs all. The figures of each."""
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            figures[name].append(way())
            time.sleep(pause)
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
