"""The output of a command: exports to files, or to standard output for `-`, and text to the terminal."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cnetkit.cli import BadUseError
from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from rich.console import Console

    from cnetkit.trace import Trace

KINDS = ("json", "html", "pcapng")


def exports(arguments: argparse.Namespace) -> dict[str, str]:
    """The requested exports, kind → FILE. Reports what is wrong with them before any work is done."""
    if arguments.select is not None:
        from cnetkit.trace.query.expression import parse

        try:
            parse(arguments.select)
        except CnetkitError as error:
            raise BadUseError(str(error)) from error
    files = {kind: str(getattr(arguments, kind)) for kind in KINDS if getattr(arguments, kind)}
    if list(files.values()).count("-") > 1:
        raise BadUseError("only one of --json, --html and --pcapng can be written to standard output")
    for file in files.values():
        folder = Path(file).parent
        if file != "-" and not folder.is_dir():
            raise CnetkitError(f"{file} cannot be written, because there is no directory {folder}")
    return files


def console(taken: bool) -> Console:
    """The console for text: standard output, or standard error if standard output carries an export."""
    from rich.console import Console

    return Console(file=sys.stderr if taken else sys.stdout, highlight=False)


def selected(trace: Trace, expression: str | None) -> Trace:
    """The trace, or the journeys that an expression selects."""
    return trace if expression is None else trace.select(expression)


def export(trace: Trace, wanted: dict[str, str]) -> None:
    """Writes the trace in each requested kind, kind → FILE."""
    writers: dict[str, Callable[[Path], object]] = {
        "json": lambda path: path.write_bytes(trace.to_json()),
        "html": trace.to_html,
        "pcapng": trace.save,
    }
    for kind, file in wanted.items():
        if file != "-":
            writers[kind](Path(file))
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"trace.{kind}"
            writers[kind](path)
            sys.stdout.buffer.write(path.read_bytes())
            sys.stdout.buffer.flush()
