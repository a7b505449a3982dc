"""Learning: questions, exercises, checks, hints and progress, which notebooks and labs share. It builds and traces nothing."""

from cnetkit.learn.exercise import Exercise
from cnetkit.learn.in_page import PageLesson
from cnetkit.learn.lesson import Lesson
from cnetkit.learn.question import Address, Choice, Idea, Order, Question, Text
from cnetkit.learn.result import Observation, Result, Seen

__all__ = [
    "Address", "Choice", "Exercise", "Idea", "Lesson", "Observation", "Order", "PageLesson", "Question", "Result", "Seen",
    "Text",
]  # fmt: skip
