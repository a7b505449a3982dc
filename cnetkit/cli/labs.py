"""`cnetkit list` and `cnetkit run`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from cnetkit import catalog
from cnetkit.cli import BadUseError, output
from cnetkit.model import CnetkitError


def show_list(_: argparse.Namespace) -> None:
    """Prints each lab's name and title."""
    names = catalog.names()
    for name in names:
        print(f"{name:<{max(map(len, names))}}  {catalog.find(name).title}")


def run(arguments: argparse.Namespace) -> None:
    """Builds the lab, traces its traffic, writes the requested exports and prints the journeys."""
    entry, session = _entry(arguments.lab), None
    exports = output.exports(arguments)
    if arguments.replay:
        session = entry.session
        if session is None:
            raise CnetkitError(f"no recording comes with the lab {entry.name}; run it without --replay")
        if arguments.record:
            raise BadUseError("--record records a live session: it cannot be used with --replay")
    console = output.console("-" in exports.values())
    console.print(f"[bold]{entry.title}[/bold]\n{entry.question}\n")

    from cnetkit.lab import Lab

    try:
        opened = Lab(entry.name, replay=session, record=Path(arguments.record) if arguments.record else None)
    except CnetkitError as error:
        if session or not entry.session:
            raise
        raise CnetkitError(f"{error}; or see its recording: `cnetkit run {arguments.lab} --replay`") from None
    with opened as lab:
        if lab.replayed:
            console.print(f"This is a recording, not live: {lab.replayed}\n", style="yellow", markup=False)
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)

    chosen = output.selected(trace, arguments.select)
    output.export(chosen, exports)
    if arguments.brief:
        from cnetkit.view.brief import print_brief

        print_brief(chosen, console)
        console.print(entry.answer, markup=False, style="bold")
        return
    from cnetkit.view.terminal import print_trace

    print_trace(chosen, console, all=arguments.all)


def _entry(name: str) -> catalog.LabEntry:
    """A lab by its name or, if that is a path, the lab in that folder."""
    folder = Path(name).absolute().parent if os.sep in name else None
    name = Path(name).absolute().name if folder else name
    if name not in catalog.names(folder):
        try:
            catalog.find(name, folder)
        except CnetkitError as error:
            raise BadUseError(str(error)) from error
    return catalog.find(name, folder)
