"""A lesson on a web page: its questions are forms, and what marks their answers is data for the page's own script.

The script is website/static/questions.js. Every feedback that does not depend on what was typed is worded here, by the question.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import msgspec

from cnetkit.learn.exercise import Exercise
from cnetkit.learn.lesson import Lesson, Shown, sentences
from cnetkit.learn.question import Address, Choice, Order, Question, Text
from cnetkit.learn.result import Observation
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace
from cnetkit.view.display import ON_PAGE
from cnetkit.view.prose import prose

GIVEN = "\ue000"
"""Stands for what a reader types, in a sentence that quotes it."""
FIELDS = {
    Address: '<input type="text" size="24" autocomplete="off" spellcheck="false" placeholder="such as 172.17.0.2">',
    Order: '<input type="text" size="48" autocomplete="off" spellcheck="false" placeholder="a, b, c">',
    Text: '<textarea rows="3"></textarea>',
}
LIVE = (
    "This is an exercise: it needs a live lab, on a Linux machine of yours. <code>pip install 'cnetkit[notebook]'</code> and "
    "<code>cnetkit open</code> bring this lesson there. What follows is what the recording shows without a repair."
)


class OnPage(Shown):
    """Text that has a form of its own on a page."""

    markup: str

    def __new__(cls, text: str, markup: str) -> OnPage:
        """`markup` is trusted HTML."""
        made = super().__new__(cls, text)
        made.markup = markup
        return made

    def _repr_html_(self) -> str:
        return self.markup


class PageLesson(Lesson):
    """A lesson whose cells become parts of a page. Nothing is answered, marked or kept while the page is made."""

    def ask(self, name: str, answer: object = ...) -> str:
        """A form for the question, or the exercise with how to get a live lab."""
        task = self._task(name)
        hints = "".join(
            f"<details><summary>Hint {n}</summary><p>{prose(hint)}</p></details>"
            for n, hint in enumerate(task.hints, 1)
        )
        if isinstance(task, Exercise):
            hints += f"<details><summary>Solution</summary><p>{prose(self.solution(name))}</p></details>"
            body = f'<p class="cnetkit-task">{prose(task.text)}</p><p>{LIVE}</p>{hints}'
            return OnPage(task.shown(), f'<div class="cnetkit-exercise">{body}</div>')
        return OnPage(
            task.shown(),
            f'<form class="cnetkit-question" data-question="{escape(name)}" data-lesson="{escape(self.name)}">{_entry(task)}'
            f'<p class="cnetkit-act"><button type="submit">{"Compare" if isinstance(task, Text) else "Check"}</button></p>'
            f'<p class="cnetkit-result" role="status"></p>{hints}</form>',
        )

    def check(self, name: str, trace: Trace | None = None) -> Any:  # noqa: ANN401 - a notebook's Result, or its form here
        """What the capture shows, folded, with what marks an answer. For an exercise nothing."""
        task = self._task(name)
        if not isinstance(trace, Trace):
            raise CnetkitError(f"an answer is marked by a trace: lesson.check({name!r}, trace)")
        if isinstance(task, Exercise):
            return OnPage("", '<p class="cnetkit-exercise">In a live lab, your repair is marked here.</p>')
        observed = task.truth(trace)
        answer = ", ".join(task.read(observed.answer)) if isinstance(task, Order) else str(observed.answer)
        why = "" if isinstance(task, Text) and not task.because else sentences(task.because, observed.words)
        data = msgspec.json.encode(marking(task, observed, _number(trace))).decode().replace("<", "\\u003c")
        return OnPage(
            answer,
            f'<div class="cnetkit-answer" data-question="{escape(name)}"><p class="cnetkit-result" role="status"></p>'
            f"<details><summary>What the capture shows: {prose(task.text.splitlines()[0])}</summary>"
            f"<p><b>{escape(answer)}</b></p><p>{prose(why)}</p></details>"
            f'<script type="application/json">{data}</script></div>',
        )


def marking(question: Question, observed: Observation, picture: int = -1) -> dict[str, Any]:
    """What marks an answer: the right one, and the feedback for it and for wrong ones. `picture`: the number of its trace."""

    def wrong(given: Any) -> list[Any]:  # noqa: ANN401 - as `read` gives it
        contradiction = question.contradiction(given, observed)
        return [sentences(question.feedback(given, observed), contradiction.words), _frame(contradiction)]

    base = {
        "kind": type(question).__name__.lower(),
        "picture": picture,
        "yes": [sentences(question.explanation(observed), observed.words), _frame(observed)],
    }
    return base | _KINDS[type(question)](question, observed, wrong)


Wrong = Callable[[Any], list[Any]]


def _choice(question: Any, observed: Observation, wrong: Wrong) -> dict[str, Any]:  # noqa: ANN401
    right = question.read(observed.answer)
    return {"right": question.options.index(right), "wrong": [wrong(option) for option in question.options]}


def _address(question: Address, observed: Observation, wrong: Wrong) -> dict[str, Any]:
    mistakes = {given: wrong(given) for given in question.mistakes}
    return {"right": question.read(observed.answer), "mistakes": mistakes, "otherwise": wrong(GIVEN), "given": GIVEN}


def _order(question: Order, observed: Observation, wrong: Wrong) -> dict[str, Any]:
    """`places`: the hop that contradicts an answer, by the first place where it differs."""
    right = question.read(observed.answer)
    places = [question.contradiction(right[:n], observed) for n in range(len(right))]
    mistakes = [[list(given), *wrong(given)] for given in question.mistakes]
    return {"right": list(right), "mistakes": mistakes, "places": [[one.words, _frame(one)] for one in places]}


def _text(question: Text, observed: Observation, wrong: Wrong) -> dict[str, Any]:
    return {"model": question.because or str(observed.answer)}


_KINDS: dict[type[Question], Callable[[Any, Observation, Wrong], dict[str, Any]]] = {
    Choice: _choice, Address: _address, Order: _order, Text: _text,
}  # fmt: skip


def _entry(question: Question) -> str:
    text = prose(question.text)
    if isinstance(question, Choice):
        options = "".join(
            f'<label><input type="radio" name="{escape(question.name)}" value="{n}"> <span>{prose(option)}</span></label>'
            for n, option in enumerate(question.options)
        )
        return f"<fieldset><legend>{text}</legend>{options}</fieldset>"
    return f'<label class="cnetkit-typed"><span class="cnetkit-task">{text}</span>{FIELDS[type(question)]}</label>'


def _number(trace: Trace) -> int:
    return next((n for n, shown in enumerate(ON_PAGE) if shown is trace), -1)


def _frame(observed: Observation) -> int:
    return observed.hop.frame if observed.hop is not None else -1
