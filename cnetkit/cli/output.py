"""Where a command's output goes: files, standard output for `-`, and the terminal for what people read."""

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


def wishes(arguments: argparse.Namespace) -> dict[str, str]:
    """The exports that were asked for, kind → FILE. Says what is wrong with them before any work is done."""
    if arguments.select is not None:
        from cnetkit.trace.query.expression import parse

        try:
            parse(arguments.select)
        except CnetkitError as error:
            raise BadUseError(str(error)) from error
    found = {kind: str(getattr(arguments, kind)) for kind in KINDS if getattr(arguments, kind)}
    if list(found.values()).count("-") > 1:
        raise BadUseError("only one of --json, --html and --pcapng can be written to standard output")
    for file in found.values():
        folder = Path(file).parent
        if file != "-" and not folder.is_dir():
            raise CnetkitError(f"{file} cannot be written, because there is no directory {folder}")
    return found


def console(taken: bool) -> Console:
    """The console for people: standard output, or standard error where standard output carries an export."""
    from rich.console import Console

    return Console(file=sys.stderr if taken else sys.stdout, highlight=False)


def selected(trace: Trace, expression: str | None) -> Trace:
    """The trace, or what was asked for of it."""
    return trace if expression is None else trace.select(expression)


def export(trace: Trace, wanted: dict[str, str]) -> None:
    """Writes the trace as each kind that is wanted."""
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
