"""Free-text answers, a file a lesson: written before the rules were seen, or before they were mended.

A wrong answer marked as correct is worse than a right one that is to be compared: the first never happens, the second at times.
"""

import json
from pathlib import Path

import pytest

from cnetkit import catalog, course
from cnetkit.learn import Observation, Text

LABS = {row.number: row.lab for row in course.LESSONS}
FILES = sorted((Path(__file__).parent / "answers").glob("*.json"))
ANSWERS = {
    (LABS[file.stem], name): answers
    for file in FILES
    for name, answers in json.loads(file.read_text(encoding="utf-8")).items()
}


def outcomes(lab, name, answers):
    """Each answer with whether it is marked as correct."""
    question = next(task for task in catalog.tasks(lab) if task.name == name)
    return {answer: question.right(question.read(answer), Observation("")) for answer in answers}


def test_every_free_text_question_has_twenty_right_and_twenty_wrong_answers():
    questions = {
        (lab, task.name) for lab in catalog.questioned() for task in catalog.tasks(lab) if isinstance(task, Text)
    }
    enough = {question for question, both in ANSWERS.items() if min(len(both["right"]), len(both["wrong"])) >= 20}
    assert enough == questions


@pytest.mark.parametrize("question", ANSWERS, ids=lambda question: question[0])
def test_no_wrong_answer_is_marked_as_correct(question):
    marked = outcomes(*question, ANSWERS[question]["wrong"])
    assert [answer for answer, correct in marked.items() if correct] == []


@pytest.mark.parametrize("question", ANSWERS, ids=lambda question: question[0])
def test_two_of_three_right_answers_are_marked_as_correct(question):
    marked = outcomes(*question, ANSWERS[question]["right"])
    assert sum(marked.values()) * 3 >= len(marked) * 2, [answer for answer, correct in marked.items() if not correct]
