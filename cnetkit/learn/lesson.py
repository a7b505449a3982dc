"""A lesson's questions and exercises as a learner meets them: asked, checked against a trace, with hints and a solution.

It works wherever Python does; widgets are not needed.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from cnetkit.learn import progress
from cnetkit.learn.exercise import Exercise
from cnetkit.learn.question import Question
from cnetkit.learn.result import MARKS, Result
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace


class Lesson:
    """`ask` a question with an answer (`...` while there is none yet), then `check` it against a trace.

    `label` says where packets come from: live, or which recording.
    """

    def __init__(self, name: str, tasks: Sequence[Question | Exercise], label: str = "") -> None:
        self.name, self.label = name, label
        self.tasks = {task.name: task for task in tasks}
        self._answers: dict[str, object] = {}
        self._before: dict[str, object] = {}
        self._results: dict[str, Result] = {}
        self._hinted: dict[str, int] = {}

    def ask(self, name: str, answer: object = ...) -> str:
        """Puts a question, and takes the answer to it; for an exercise `answer` is the trace in which it is still broken.

        CnetkitError where the answer cannot be one to this question.
        """
        task = self._task(name)
        if isinstance(task, Exercise):
            if isinstance(answer, Trace):
                self._before[name] = task.touched(answer)
            return _Shown(task.shown())
        self._answers.pop(name, None)
        if answer is not ...:
            self._answers[name] = task.read(answer)
        said = f"\n→ {answer}" if answer is not ... else "\n→ put your answer in place of the three dots"
        return _Shown(task.shown() + said)

    def check(self, name: str, trace: Trace) -> Result:
        """Marks the answer, or the repair, by a trace that was made after it."""
        task = self._task(name)
        result = self._graded(task, trace) if isinstance(task, Exercise) else self._marked(task, trace)
        self._results[name] = result
        progress.note(self.name, name, outcome=result.outcome, hints=self._hinted.get(name, 0))
        return result

    def _marked(self, question: Question, trace: Trace) -> Result:
        seen = question.truth(trace)
        if question.name not in self._answers:
            return Result(question.name, "not attempted", "Answer it where it was asked, and run that cell again.")
        given = self._answers[question.name]
        if question.right(given, seen):
            return Result(question.name, "correct", " ".join(filter(None, (question.agreed(seen), seen.words))))
        parting, there = question.parting(given, seen), question.parts(given, seen)
        said = " ".join(part for part in (parting, there.words) if part)
        return Result(question.name, "incorrect", said, there)

    def _graded(self, exercise: Exercise, trace: Trace) -> Result:
        if exercise.name not in self._before:
            raise CnetkitError(f"run the cell that asks {exercise.name!r} first: it remembers how the network was")
        wrong = exercise.grade(trace)
        if wrong and exercise.touched(trace) == self._before[exercise.name]:
            return Result(exercise.name, "not attempted", "Everything is as it was.")
        return Result(exercise.name, "incorrect" if wrong else "correct", wrong)

    def hint(self, name: str, number: int = 1) -> str:
        """The hint of that number, from 1 on; each says more than the one before."""
        hints = self._task(name).hints
        if not 1 <= number <= len(hints):
            raise CnetkitError(f"{name!r} has {len(hints)} hints: ask for a number from 1 to {len(hints)}")
        self._hinted[name] = max(number, self._hinted.get(name, 0))
        return _Shown(f"Hint {number} of {len(hints)}: {hints[number - 1]}")

    def solution(self, name: str, trace: Trace | None = None) -> str:
        """Why it is so; with a trace, also what it shows."""
        task = self._task(name)
        self._hinted[name] = len(task.hints) + 1
        seen = task.truth(trace).answer if trace is not None and isinstance(task, Question) else ""
        said = ", ".join(seen) if isinstance(seen, (list, tuple)) else str(seen)
        return _Shown(" ".join(part for part in (f"{said}." if said else "", task.because) if part))

    @property
    def score(self) -> str:
        """What became of each task in this run."""
        outcomes = {
            name: self._results[name].outcome if name in self._results else "not attempted" for name in self.tasks
        }
        right = list(outcomes.values()).count("correct")
        lines = [f"  {MARKS[outcome]} {name}: {outcome}" for name, outcome in outcomes.items()]
        return _Shown("\n".join([f"{right} of {len(outcomes)} correct", *lines]))

    def _task(self, name: str) -> Question | Exercise:
        if name in self.tasks:
            return self.tasks[name]
        close = difflib.get_close_matches(name, self.tasks, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"they are {', '.join(self.tasks)}"
        raise CnetkitError(f"the lesson {self.name} has no question {name!r}; {hint}")

    def __repr__(self) -> str:
        return f"<lesson {self.name}, {self.label or 'live'}: {len(self.tasks)} questions and exercises>"


class _Shown(str):
    """Text that a notebook shows as it is, with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
