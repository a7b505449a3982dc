"""`cnetkit inspect`: journeys from capture files, made by cnetkit or by any other tool."""

from __future__ import annotations

import argparse
import sys

from cnetkit.cli import output
from cnetkit.model import CnetkitError


def inspect(arguments: argparse.Namespace) -> None:
    """Loads the files as one recording, explains it, writes the requested exports and prints the journeys.

    What could not be read is reported on standard error. CnetkitError if nothing could be read.
    """
    exports = output.exports(arguments)

    from cnetkit.recording.recording import load_all
    from cnetkit.trace import explain
    from cnetkit.view import wording
    from cnetkit.view.terminal import print_trace

    recording = load_all(arguments.files)
    if recording.warnings and not len(recording.frames):
        raise CnetkitError(f"nothing could be read: {wording.legible(recording.warnings[0])}")
    trace = output.selected(explain(recording), arguments.select)
    output.export(trace, exports)
    taken = "-" in exports.values()
    print_trace(trace, output.console(taken), all=arguments.all)
    if not (taken or (sys.stdout.isatty() and sys.stderr.isatty())):  # otherwise the summary is there already
        for warning in (*recording.warnings, *trace.clocks):
            print(f"cnetkit: {wording.legible(warning)}", file=sys.stderr)
