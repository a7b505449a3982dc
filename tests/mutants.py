"""How many small faults do the tests notice? `python -m tests.mutants [--since REF] [--sample N] [--seed N] [FOLDER...]`

It samples mutants of the lines that this branch changed since REF (by default where it left main), or of everything in FOLDER,
puts each into a copy of the checkout, and runs the nearest tests: the file that mirrors the module, then its folder, then the
room. What no test noticed is printed with its place: a test is missing there, or a line does nothing.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300
"""Seconds for the tests of one mutant; one that makes them run for longer is noticed."""
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One expression of one file, written otherwise."""

    path: Path
    line: int
    before: str
    after: str
    text: str
    """The whole file with it."""


def mutants(path: Path, lines: set[int] | None) -> Iterator[Mutant]:
    """All mutants of a file; only those in `lines`, if given."""
    text = path.read_text(encoding="utf-8")
    begins = [0]
    for line in text.encode().splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    for node in _expressions(ast.parse(text)):
        if lines is not None and node.lineno not in lines:
            continue
        data, begin = text.encode(), begins[node.lineno - 1] + node.col_offset
        end = begins[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        for after in _others(node):
            changed = data[:begin] + f"({after})".encode() + data[end:]
            yield Mutant(path, node.lineno, data[begin:end].decode(), after, changed.decode())


def _expressions(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions that run: no annotations, no text, nothing that only serves the type checker."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.JoinedStr) or not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.expr):
                yield child
            yield from _expressions(child)


def _others(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in SWAPS:
            yield ast.unparse(ast.Compare(left, [SWAPS[type(operator)]()], [right]))  # type: ignore[list-item]
        case ast.BoolOp(operator, values):
            yield ast.unparse(ast.BoolOp(SWAPS[type(operator)](), values))  # type: ignore[arg-type]
        case ast.BinOp(left, operator, right) if type(operator) in SWAPS:
            yield ast.unparse(ast.BinOp(left, SWAPS[type(operator)](), right))  # type: ignore[arg-type]
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield ast.unparse(operand)
        case ast.IfExp(test, body, other):
            yield ast.unparse(ast.IfExp(test, other, body))
        case ast.Constant(bool(value)):
            yield str(not value)
        case ast.Constant(int(value)):
            yield str(value + 1)


def nearest(module: Path) -> list[Path]:
    """Where a module's tests are, the nearest first."""
    parts = module.relative_to(ROOT / "cnetkit").with_suffix("").parts
    mirrored = ROOT / "tests" / Path(*parts[:-1]) / f"test_{parts[-1]}.py"
    rooms = [ROOT / "tests" / Path(*parts[:depth]) for depth in range(len(parts) - 1, 0, -1)]
    return [place for place in (mirrored, *rooms) if place.exists()]


def noticed(mutant: Mutant, copy: Path) -> bool:
    """Whether a test fails with this mutant."""
    place = copy / mutant.path.relative_to(ROOT)
    original = place.read_text(encoding="utf-8")
    place.write_text(mutant.text, encoding="utf-8")
    try:
        return any(_fails(tests.relative_to(ROOT), copy) for tests in nearest(mutant.path))
    finally:
        place.write_text(original, encoding="utf-8")


def _fails(tests: Path, copy: Path) -> bool:
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", str(tests)]
    try:
        status = subprocess.run(command, cwd=copy, capture_output=True, timeout=PATIENCE, check=False).returncode
    except subprocess.TimeoutExpired:
        return True
    return status not in (0, 5)  # 5: it has no tests


def changed(since: str) -> dict[Path, set[int]]:
    """The lines of cnetkit/ that were added or changed since a commit, by file."""
    difference = _git("diff", "--unified=0", since, "--", "cnetkit")
    found: dict[Path, set[int]] = {}
    path = ROOT
    for line in difference.splitlines():
        if line.startswith("+++ b/"):
            path = ROOT / line[6:]
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            found.setdefault(path, set()).update(range(first, first + count))
    return {path: lines for path, lines in found.items() if path.suffix == ".py" and path.exists()}


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Prints each mutant that no test noticed, and the share of those that were."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("folder", nargs="*", type=Path)
    parser.add_argument("--since", default="")
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.folder:
        lines: dict[Path, set[int] | None] = {
            path: None for folder in asked.folder for path in (ROOT / folder).rglob("*.py")
        }
    else:
        lines = dict(changed(asked.since or _git("merge-base", "main", "HEAD").strip()))
    every = [mutant for path, wanted in sorted(lines.items()) for mutant in mutants(path, wanted)]
    sample = random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
    print(f"{len(every)} mutants in {len(lines)} files; {len(sample)} of them are tried", flush=True)
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__", "test-output")
        )
        for number, mutant in enumerate(sample, 1):
            if not noticed(mutant, copy):
                missed += 1
                where = f"{mutant.path.relative_to(ROOT)}:{mutant.line}"
                print(f"{number}. not noticed, {where}: {mutant.before!r} → {mutant.after!r}", flush=True)
    if sample:
        print(f"{len(sample) - missed} of {len(sample)} noticed, {100 * (1 - missed / len(sample)):.0f} %")


if __name__ == "__main__":
    main()
