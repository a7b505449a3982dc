"""A lesson: its questions and exercises are asked, checked against a trace, and have hints and a solution.

It needs no widgets and works wherever Python does.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

from cnetkit.learn import progress
from cnetkit.learn.exercise import Exercise
from cnetkit.learn.question import Choice, Question, Text
from cnetkit.learn.result import MARKS, Result
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace
from cnetkit.view.display import publish
from cnetkit.view.form import form


class Lesson:
    """`ask` a question together with your answer (`...` while you have none), then `check` it against a trace.

    `label`: the recording that packets come from; empty if the lab is live.
    """

    def __init__(self, name: str, tasks: Sequence[Question | Exercise], label: str = "") -> None:
        self.name, self.label = name, label
        self.tasks = {task.name: task for task in tasks}
        self._answers: dict[str, object] = {}
        self._clicked: dict[str, str] = {}
        self._before: dict[str, object] = {}
        self._results: dict[str, Result] = {}
        self._hinted: dict[str, int] = {}

    def ask(self, name: str, answer: object = ...) -> str:
        """Shows a question and keeps your answer to it. For an exercise `answer` is a trace from before the repair.

        CnetkitError if it cannot be an answer to this question.
        """
        task = self._task(name)
        if isinstance(task, Exercise):
            if isinstance(answer, Trace):
                self._before[name] = task.touched(answer)
            return Shown(f"{task.shown()}\n{self._needs_live}" if self.label else task.shown())
        self._answers.pop(name, None)
        if answer is ... and name in self._clicked:
            self._answers[name] = task.read(self._clicked[name])
        elif answer is not ...:
            self._answers[name] = task.read(answer)
            self._clicked.pop(name, None)
            return Shown(f"{task.shown()}\n→ {answer}")
        return _Unanswered(task, self._clicked.get(name, ""), self._keep)

    def _keep(self, name: str, answer: str) -> str:
        """Keeps an answer that was clicked or typed into a question's form; what is said about it."""
        task = self._task(name)
        if not isinstance(task, Question) or not answer.strip():
            return ""
        self._answers[name] = task.read(answer)
        self._clicked[name] = answer
        return f"→ {answer}. It is marked by the cell that checks it, after the run."

    @property
    def _needs_live(self) -> str:
        return (
            f"(An exercise needs a live lab: here packets come from {self.label}, so that a repair changes nothing. "
            "`cnetkit doctor` in a terminal says what this system lacks.)"
        )

    def check(self, name: str, trace: Trace | None = None) -> Result:
        """Marks your answer, or your repair, by a trace that was made after it. CnetkitError if it is none."""
        task = self._task(name)
        if not isinstance(trace, Trace):
            raise CnetkitError(
                f"an answer is marked by a trace: lesson.check({name!r}, trace), with the trace of the cell above"
            )
        result = self._graded(task, trace) if isinstance(task, Exercise) else self._marked(task, trace)
        self._results[name] = result
        progress.record(self.name, name, outcome=result.outcome, hints=self._hinted.get(name, 0))
        return result

    def _marked(self, question: Question, trace: Trace) -> Result:
        observed = question.truth(trace)
        if question.name not in self._answers:
            return Result(
                question.name, "not attempted", "Answer in the cell that asks the question, and run it again."
            )
        given = self._answers[question.name]
        if question.right(given, observed):
            return Result(question.name, "correct", sentences(question.explanation(observed), observed.words))
        contradiction = question.contradiction(given, observed)
        feedback = sentences(question.feedback(given, observed), contradiction.words)
        return Result(question.name, question.otherwise, feedback, contradiction)

    def _graded(self, exercise: Exercise, trace: Trace) -> Result:
        if exercise.name not in self._before:
            raise CnetkitError(
                f"run the cell that asks {exercise.name!r} first: it records the network before your repair"
            )
        wrong = exercise.grade(trace)
        if wrong and exercise.touched(trace) == self._before[exercise.name]:
            return Result(exercise.name, "not attempted", "Nothing has changed yet, as far as this trace shows.")
        if wrong:
            return Result(exercise.name, "incorrect", wrong)
        return Result(exercise.name, "correct", exercise.because)

    def hint(self, name: str, number: int | None = None) -> str:
        """The next hint, each says more than the one before; or a hint by its number from 1 on."""
        hints = self._task(name).hints
        if number is None:
            number = min(self._hinted.get(name, 0) + 1, len(hints))
        if not isinstance(number, int) or not 1 <= number <= len(hints):
            raise CnetkitError(
                f"{name!r} has {len(hints)} hints: ask for a number from 1 to {len(hints)}, or for the next one"
            )
        self._hinted[name] = max(number, self._hinted.get(name, 0))
        more = "; ask again for the next" if number < len(hints) else ""
        return Shown(f"Hint {number} of {len(hints)}{more}: {hints[number - 1]}")

    def solution(self, name: str, trace: Trace | None = None) -> str:
        """The reason for the right answer; with a trace also the answer that it shows. For an exercise the commands too.

        CnetkitError if the trace is none.
        """
        task = self._task(name)
        if trace is not None and not isinstance(trace, Trace):
            raise CnetkitError(
                f"a solution is shown by a trace, not {type(trace).__name__}: lesson.solution({name!r}, trace)"
            )
        self._hinted[name] = len(task.hints) + 1
        answer = task.truth(trace).answer if trace is not None and isinstance(task, Question) else ""
        text = ", ".join(answer) if isinstance(answer, (list, tuple)) else str(answer)
        commands = [hint for hint in task.hints if "`" in hint] if isinstance(task, Exercise) else []
        return Shown(
            "\n".join([sentences(f"{text}." if text else "", task.because), *(f"  {hint}" for hint in commands)])
        )

    @property
    def score(self) -> str:
        """The latest result of each task, in this session or an earlier one."""
        earlier = progress.read().get(self.name, {})
        outcomes = {name: self._results[name].outcome for name in self.tasks if name in self._results}
        lines, right = [], 0
        for name in self.tasks:
            outcome = outcomes.get(name) or str(earlier.get(name, {}).get("outcome", "")) or "not attempted"
            when = "" if name in outcomes or outcome == "not attempted" else " (earlier)"
            right += outcome == "correct"
            lines.append(f"  {MARKS.get(outcome, '·')} {name}: {outcome}{when}")
        return Shown("\n".join([f"{right} of {len(self.tasks)} correct", *lines]))

    def reset(self) -> str:
        """Forgets your answers and results in this lesson, those of earlier sessions too. The network stays as it is."""
        for kept in (self._answers, self._clicked, self._before, self._results, self._hinted):
            kept.clear()
        progress.forget(self.name)
        return Shown(
            "Your answers and results are forgotten. For a fresh network restart the kernel and run the cells from the first "
            f"one; `cnetkit open --anew {self.name}` also gives you the notebook as it was."
        )

    def _task(self, name: str) -> Question | Exercise:
        if name in self.tasks:
            return self.tasks[name]
        close = difflib.get_close_matches(name, self.tasks, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"they are {', '.join(self.tasks)}"
        raise CnetkitError(f"the lesson {self.name} has no question {name!r}; {hint}")

    def __repr__(self) -> str:
        return f"<lesson {self.name}, {self.label or 'live'}: {len(self.tasks)} questions and exercises>"


def sentences(*parts: str) -> str:
    """The parts that are not empty, one after another."""
    return " ".join(part for part in parts if part)


class Shown(str):
    """Text that a notebook shows with its line breaks, and without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Unanswered(Shown):
    """A question without an answer: in a notebook with widgets a form, elsewhere text."""

    _question: Question
    _given: str
    _keep: Callable[[str, str], str]

    def __new__(cls, question: Question, given: str, keep: Callable[[str, str], str]) -> Self:
        asked = super().__new__(cls, f"{question.shown()}\n→ put your answer in place of the three dots")
        asked._question, asked._given, asked._keep = question, given, keep
        return asked

    def _ipython_display_(self) -> None:
        question = self._question
        options = question.options if isinstance(question, Choice) else ()
        lines = 3 if isinstance(question, Text) else 1
        shown = form(question.text, options, lines, self._given, partial(self._keep, question.name))
        publish({**(shown._repr_mimebundle_() if shown is not None else {}), "text/plain": str(self)})
