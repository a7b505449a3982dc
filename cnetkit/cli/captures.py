"""`cnetkit inspect`: journeys from capture files, made by cnetkit or by any other tool."""

from __future__ import annotations

import argparse

from cnetkit.cli import output


def inspect(arguments: argparse.Namespace) -> None:
    """Loads the files as one recording, explains it, writes what was asked for and prints the journeys."""
    wanted = output.wishes(arguments)

    from cnetkit.recording.recording import load_all
    from cnetkit.trace import explain
    from cnetkit.view.terminal import print_trace

    trace = output.selected(explain(load_all(arguments.files)), arguments.select)
    output.export(trace, wanted)
    print_trace(trace, output.console("-" in wanted.values()), all=arguments.all)
