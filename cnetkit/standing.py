"""Where a learner stands in the course: what was answered in each lesson, in any session, and where to go on.

Read from the progress file and the lessons' tasks; it marks nothing.
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

from cnetkit import catalog, course
from cnetkit.learn import Exercise, progress

READING, CELL, QUESTION, EXERCISE = 180, 0.3, 1.5, 5.0
"""Words a minute, and minutes for a cell, a question and an exercise: what a lesson's time is estimated from."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One lesson: its tasks with the latest outcome of each, empty if it was never marked."""

    number: str
    title: str
    notebook: str
    minutes: int
    after: tuple[str, ...]
    outcomes: dict[str, str]

    @property
    def correct(self) -> int:
        """How many tasks are right."""
        return list(self.outcomes.values()).count("correct")

    @property
    def open(self) -> tuple[str, ...]:
        """The tasks that are not right yet, nor compared."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome not in ("correct", "compare"))

    @property
    def begun(self) -> bool:
        """Whether any task was marked."""
        return any(self.outcomes.values())


class Course(tuple[Standing, ...]):
    """All lessons with questions, in order. A notebook shows it as a table; print it elsewhere."""

    __slots__ = ()

    @property
    def next(self) -> Standing | None:
        """The lesson to go on with: the first that was begun and has open tasks, else the first that was not; None at the end."""
        begun = (one for one in self if one.begun and one.open)
        return next(begun, None) or next((one for one in self if not one.begun), None)

    def lines(self) -> Iterator[str]:
        """As text."""
        yield f"{'':2}  {'lesson':<18} {'about':>7}  {'correct':<8}  open"
        for one in self:
            done = f"{one.correct} of {len(one.outcomes)}"
            yield f"{one.number}  {one.title:<18} {one.minutes:>3} min  {done:<8}  {_open(one)}".rstrip()
        yield ""
        yield self.advice

    @property
    def advice(self) -> str:
        """Where to go on, in a sentence."""
        if self.next is None:
            return "Everything is right. What comes next stands in notebooks/COURSE.md."
        where = f"task {self.next.open[0]!r}" if self.next.begun else "its first cell"
        return f"Go on with {self.next.number}, {self.next.title}: notebooks/{self.next.notebook}, {where}."

    def __str__(self) -> str:
        return "\n".join(self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{one.number}</td><th scope='row'>{html.escape(one.title)}</th><td>about {one.minutes} min</td>"
            f"<td>{one.correct} of {len(one.outcomes)}</td><td>{html.escape(_open(one))}</td></tr>"
            for one in self
        )
        heads = "".join(f"<th scope='col'>{name}</th>" for name in ("", "lesson", "time", "correct", "open"))
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table><p>{html.escape(self.advice)}</p>"

    def page(self) -> str:
        """A page to print: what was done, and when it was written."""
        day = time.strftime("%Y-%m-%d")
        right, all_tasks = sum(one.correct for one in self), sum(len(one.outcomes) for one in self)
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Container networks: what I did</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
            "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
            "th,td{text-align:left;padding:.3em 1.2em .3em 0;vertical-align:top}table{border-collapse:collapse}"
            "tr{border-bottom:1px solid #8888}</style></head><body><h1>Container networks</h1>"
            f"<p>{right} of {all_tasks} questions and exercises are right ({day}).</p>{self._repr_html_()}</body></html>"
        )


def _open(one: Standing) -> str:
    return ", ".join(one.open) if one.begun else "not begun"


def standing() -> Course:
    """`cnetkit.progress()`. CnetkitError if the progress file cannot be read."""
    entries = progress.read()
    return Course(_standing(row, entries.get(row.number, {})) for row in course.LESSONS if row.lab)


def _standing(row: course.CourseLesson, entries: dict[str, progress.Entry]) -> Standing:
    tasks = catalog.tasks(row.lab)
    notebook = min(catalog.shipped("notebooks").glob(f"{row.number}-*.ipynb"))
    outcomes = {task.name: str(entries.get(task.name, {}).get("outcome", "")) for task in tasks}
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    words = sum(len("".join(cell["source"]).split()) for cell in cells if cell["cell_type"] == "markdown")
    exercises = sum(isinstance(task, Exercise) for task in tasks)
    minutes = words / READING + len(cells) * CELL + (len(tasks) - exercises) * QUESTION + exercises * EXERCISE
    return Standing(row.number, row.title, notebook.name, 5 * max(1, round(minutes / 5)), row.after, outcomes)
