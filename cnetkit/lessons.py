"""Opens a lesson: its lab, live or from the notebook's recording, and its questions from labs/NAME/tasks.py. Or runs a lab as it
stands in labs/NAME/lab.py.

The lab is live if the system allows it and the programs that it needs have been fetched. The environment can decide instead:
CNETKIT_MODE is `live` or `replay`, and CNETKIT_RECORD is a file that the session is recorded to. With CNETKIT_SHOW=page questions
become forms of a web page.
"""

from __future__ import annotations

import os
from pathlib import Path

from cnetkit import catalog, course, programs
from cnetkit.doctor import examine
from cnetkit.lab import Lab
from cnetkit.learn import Lesson, PageLesson
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace
from cnetkit.view.display import for_page


def lesson(number: str) -> tuple[Lab, Lesson]:
    """`lab, lesson = cnetkit.lesson("02")`. The lab is empty; the notebook builds its network.

    CnetkitError if there is no such lesson, or if it can run neither live nor from a recording.
    """
    row = next((row for row in course.LESSONS if row.number == number), None)
    if row is None or not row.lab:
        written = ", ".join(row.number for row in course.LESSONS if row.lab)
        raise CnetkitError(f"there is no lesson {number!r} with questions: choose from {written}")
    session = _session(number)
    record = os.environ.get("CNETKIT_RECORD", "")
    lab = _open(row.lab, row.needs, session, _mode(), Path(record) if record else None)
    kind = PageLesson if for_page() else Lesson
    return lab, kind(number, catalog.tasks(row.lab), lab.replayed)


def run(name: str) -> Trace:
    """The trace of a lab as `cnetkit run NAME` builds it: `cnetkit.run("port-mapping")`.

    It runs live where it can, unless CNETKIT_MODE is replay, else from the recording that comes with it: where programs or
    features of the kernel are missing that it needs. CnetkitError if there is no such lab, or if it can run neither way.
    """
    entry, mode = catalog.find(name), "replay" if _mode() == "replay" else ""
    try:
        return _traced(entry, mode)
    except CnetkitError:
        if mode or not entry.session or not _missing(entry.needs):
            raise
    return _traced(entry, "replay")


def _traced(entry: catalog.LabEntry, mode: str) -> Trace:
    with _open(entry.name, entry.needs, entry.session, mode) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    return trace


def _mode() -> str:
    mode = os.environ.get("CNETKIT_MODE", "")
    if mode not in ("", "live", "replay"):
        raise CnetkitError(f"CNETKIT_MODE is {mode!r}: set it to live or replay, or not at all")
    return mode


def _open(name: str, needs: tuple[str, ...], session: Path | None, mode: str, record: Path | None = None) -> Lab:
    if not mode and session and _unfetched(needs):
        mode = "replay"
    if mode == "replay":
        if session is None:
            raise CnetkitError(f"CNETKIT_MODE is replay, but no recording comes with {name}: run it live")
        return Lab(name, replay=session)
    try:
        return Lab(name, record=record)
    except CnetkitError:
        if mode == "live" or session is None:
            raise
        return Lab(name, replay=session)


def _missing(needs: tuple[str, ...]) -> bool:
    """Whether something that is needed is missing on this machine. It takes a second."""
    return any(feature.name in needs and not feature.works for feature in examine().features)


def _unfetched(needs: tuple[str, ...]) -> str:
    """The name of programs that are needed and were not fetched; empty if there are none."""
    present = {entry.name for entry in programs.here()}
    return next((name for name in needs if name in programs.names() and programs.find(name).name not in present), "")


def _session(number: str) -> Path | None:
    """The recording beside the open notebook, because an older notebook needs its own; else the shipped recording."""
    folders = (Path.cwd(), catalog.shipped("notebooks"))
    return next((path for folder in folders for path in sorted(folder.glob(f"{number}-*.cnetkit"))), None)
