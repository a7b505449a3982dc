"""Questions as parts of a page: what marks them is found in the trace, and no text becomes markup."""

import json
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from cnetkit.learn import Address, Choice, Exercise, Observation, Order, PageLesson, Text
from cnetkit.learn.in_page import marking
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace import Trace

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&`b`"
ALLOWED = {
    "form", "fieldset", "legend", "label", "input", "span", "p", "button", "details", "summary", "div", "b", "script", "code",
    "textarea", "br",
}  # fmt: skip


class Markup(HTMLParser):
    """The elements, attributes and scripts of some HTML."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.scripts, self.inside = set(), set(), [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.inside = tag == "script"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts.append(data)


def answers(answer):
    return lambda trace: Observation(answer)


@pytest.fixture
def trace():
    return Trace(Recording(no_frames()))


@pytest.mark.parametrize(
    "task",
    [
        Choice(HOSTILE, HOSTILE, answers(HOSTILE), (HOSTILE,), HOSTILE, {HOSTILE: HOSTILE}, (HOSTILE, "other")),
        Address(HOSTILE, HOSTILE, answers("10.0.0.1"), (HOSTILE,), HOSTILE, {"10.0.0.2": HOSTILE}),
        Order(HOSTILE, HOSTILE, answers([HOSTILE, "b"]), (HOSTILE,), HOSTILE, {(HOSTILE,): HOSTILE}),
        Text(HOSTILE, HOSTILE, answers(HOSTILE), (HOSTILE,), HOSTILE),
        Exercise(HOSTILE, HOSTILE, lambda trace: HOSTILE, (HOSTILE,), HOSTILE),
    ],
    ids=lambda task: type(task).__name__,
)
def test_no_text_of_a_question_becomes_markup(task, trace):
    lesson = PageLesson(HOSTILE, [task], "a recording")
    for part in (lesson.ask(HOSTILE, ...), lesson.check(HOSTILE, trace)):
        markup = Markup(part._repr_html_())
        assert markup.elements <= ALLOWED
        assert not any(name.startswith("on") or name == "src" for name in markup.attributes)
        assert all(isinstance(json.loads(script), dict) for script in markup.scripts)


def test_the_form_does_not_contain_the_answer_and_the_check_does(trace):
    lesson = PageLesson("x", [Address("where", "Where to?", answers("10.9.8.7"), because="So it is.")])
    assert "10.9.8.7" not in lesson.ask("where", ...)._repr_html_()
    assert "So it is." not in lesson.ask("where", ...)._repr_html_()
    assert "10.9.8.7" in lesson.check("where", trace)._repr_html_()


def test_an_exercise_says_that_it_needs_a_live_lab_and_how_to_get_one(trace):
    lesson = PageLesson("x", [Exercise("mend", "Mend it.", lambda trace: "no")], "a recording")
    assert "needs a live lab" in lesson.ask("mend", trace)._repr_html_()
    assert "cnetkit open" in lesson.ask("mend", trace)._repr_html_()


def test_a_choice_has_feedback_for_each_option():
    choice = Choice("c", "?", answers("b"), because="Yes.", mistakes={"a": "Not a."}, options=("a", "b", "c"))
    data = marking(choice, Observation("b"))
    assert data["right"] == 1
    assert [words for words, _ in data["wrong"]] == [
        "Not a.",
        "You answered b. The capture shows b.",
        "You answered c. The capture shows b.",
    ]
    assert data["yes"] == ["Yes.", -1]


def test_each_place_of_an_order_has_the_hop_that_contradicts_it():
    hops = [
        SimpleNamespace(node=node, interface="eth0", direction="in", changes=(), evidence=(), frame=frame)
        for node, frame in (("a", 4), ("b", 7))
    ]
    data = marking(Order("o", "?", answers(["a", "b"])), Observation(["a", "b"], SimpleNamespace(hops=hops), hops[1]))
    assert data["places"] == [["Look at a/eth0 (in).", 4], ["Look at b/eth0 (in).", 7]]
