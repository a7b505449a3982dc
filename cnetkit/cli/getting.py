"""`cnetkit get`: programs for labs, fetched from Debian into the user's cache."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cnetkit import programs
from cnetkit.cli import BadUseError
from cnetkit.programs import Advance, Plan, megabytes, sets

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STAGES = {"list": "package list", "download": "download", "unpack": "unpacking"}
WAITING = "Another `cnetkit get` is at work: waiting for it."


def get(arguments: argparse.Namespace) -> None:
    """Fetches, lists or removes."""
    _check(arguments)
    if arguments.list:
        print(listing())
    elif arguments.remove:
        listed = arguments.name in (entry.name for entry in programs.here())
        name = arguments.name if listed else programs.find(arguments.name).name
        print(f"{name} is removed: {megabytes(programs.remove(name))} are free again.")
    elif arguments.source:
        _show(programs.take(arguments.name, Path(arguments.source)))
    else:
        listener = _OnTerminal() if sys.stdout.isatty() else _Lines()
        with _resumable(arguments.name), listener:
            present = programs.fetch(
                arguments.name, listener, mirror=arguments.mirror or "", keyring=arguments.keyring or ""
            )
        _show(present)


@contextlib.contextmanager
def _resumable(name: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print(f"Stopped. What was downloaded is kept: `cnetkit get {name}` goes on there.", file=sys.stderr)
        raise


def listing() -> str:
    """What can be had, what is here, and how much room it takes."""
    present = {entry.name: entry for entry in programs.here()}
    rows = [
        (entry.name, entry.purpose, _state(present.pop(entry.name, None), entry.download, entry.room))
        for entry in sets.SETS
    ]
    rows += [(entry.name, "", _state(entry, 0, 0)) for entry in present.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{name:<{widths[0]}}  {purpose:<{widths[1]}}  {state}" for name, purpose, state in rows]
    lines += ["", f"They are kept in {programs.cache() / 'programs'}."]
    if begun := programs.unfinished():
        lines.append(f"{megabytes(begun)} of interrupted downloads are kept: `cnetkit get NAME` goes on with them.")
    return "\n".join(lines)


def _state(present: programs.Present | None, download: int, room: int) -> str:
    if present is not None:
        return f"here, {megabytes(present.size)}"
    return f"about {download} MB to fetch, {room} MB unpacked"


def _check(arguments: argparse.Namespace) -> None:
    if arguments.list:
        if arguments.name or arguments.remove or arguments.source:
            raise BadUseError("--list stands alone")
        return
    if not arguments.name:
        raise BadUseError(f"say what to get, such as `cnetkit get {sets.SETS[0].family}`; `--list` shows all")
    if arguments.remove and arguments.source:
        raise BadUseError("--remove and --from exclude each other")


def _show(present: programs.Present) -> None:
    print(f"{present.name} is in {present.folder}, {megabytes(present.size)}.")
    print(f'In a lab: lab.host("box", programs="{present.name}")')


def describe(plan: Plan) -> str:
    """What will be fetched and how much room it takes, before it is."""
    kept = f" ({megabytes(plan.kept)} of them are here already)" if plan.kept else ""
    text = f"{plan.name}: {plan.packages} packages, {megabytes(plan.download)} to fetch{kept}, {megabytes(plan.room)} unpacked"
    if plan.undated:
        text += "\nThis machine's apt accepts expired package lists (Acquire::Check-Valid-Until), so they are accepted here too."
    return text


class _Lines:
    """Progress for a pipe or a file: one line for each quarter."""

    def __init__(self) -> None:
        self._last = ("", 0)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Plan | Advance) -> None:
        if isinstance(event, Plan):
            print(describe(event), flush=True)
        elif event.stage == "waiting":
            print(WAITING, flush=True)
        elif self._last != (now := (event.stage, int(event.share * 4))):
            self._last = now
            print(f"  {STAGES[event.stage]} {now[1] * 25} %", flush=True)


class _OnTerminal:
    """Progress on a terminal: one bar for each stage."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("  {task.description:<12}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress: Progress = Progress(*columns, console=Console(highlight=False))
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: Plan | Advance) -> None:
        if isinstance(event, Plan):
            self._progress.console.print(describe(event))
        elif event.stage == "waiting":
            self._progress.console.print(WAITING)
        else:
            if event.stage not in self._tasks:
                self._tasks[event.stage] = self._progress.add_task(STAGES[event.stage], total=1.0)
            self._progress.update(self._tasks[event.stage], completed=event.share)
