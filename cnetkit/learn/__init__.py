"""LEARN: predictions, checks, hints and progress, which notebooks and labs share. It builds and traces nothing itself."""

from cnetkit.learn.exercise import Exercise
from cnetkit.learn.lesson import Lesson
from cnetkit.learn.question import Address, Choice, Idea, Order, Question, Text
from cnetkit.learn.result import Result, Seen

__all__ = ["Address", "Choice", "Exercise", "Idea", "Lesson", "Order", "Question", "Result", "Seen", "Text"]
