"""A lesson: outcomes, feedback, hints and progress. Traces come from a capture file."""

from __future__ import annotations

import json

import pytest

import cnetkit
from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.learn import Address, Choice, Exercise, Idea, Lesson, Observation, Order, Text, progress
from cnetkit.learn.exercise import setting
from cnetkit.learn.looking import at, changed, journey
from cnetkit.model import CnetkitError, Node, Topology
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace import Trace
from cnetkit.view import display
from tests.test_documentation import ROOT


@pytest.fixture(autouse=True)
def _own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def trace():
    return cnetkit.load(ROOT / "tests" / "data" / "truth" / "portmap.pcapng")


def translated(trace):
    """The first packet whose destination changes, and to what."""
    journey = next(journey for journey in trace.journeys if changed(journey, "ip.dst"))
    hop = changed(journey, "ip.dst")
    return at(next(change.after for change in hop.changes if change.field == "ip.dst"), journey, hop)


def lesson(*tasks):
    return Lesson("99", tasks)


def choice(**more):
    return Choice("who", "Who?", lambda trace: Observation("me"), options=("me", "you", "they"), **more)


def test_without_an_answer_the_outcome_is_not_attempted(trace):
    asked = lesson(choice())
    asked.ask("who", ...)
    assert asked.check("who", trace).outcome == "not attempted"


@pytest.mark.parametrize(
    ("answer", "outcome"), [("a", "correct"), ("ME", "correct"), ("b", "incorrect"), ("they", "incorrect")]
)
def test_a_choice_is_given_by_letter_or_text(answer, outcome, trace):
    asked = lesson(choice())
    asked.ask("who", answer)
    assert asked.check("who", trace).outcome == outcome


def test_different_mistakes_get_different_feedback(trace):
    asked = lesson(choice(mistakes={"you": "You were asleep."}))
    words = []
    for answer in "bc":
        asked.ask("who", answer)
        words.append(asked.check("who", trace).words)
    assert words == ["You were asleep.", "You answered they. The capture shows me."]


def test_something_that_cannot_be_an_answer_is_refused_in_a_sentence():
    asked = lesson(choice(), Address("where", "Where?", translated), Order("way", "Which way?", translated))
    for name, answer, words in (
        ("who", "d", "answer with a letter, a, b, c"),
        ("where", "nowhere", "not an address"),
        ("way", "", "not a list of names"),
    ):
        with pytest.raises(CnetkitError, match=words):
            asked.ask(name, answer)


def test_an_address_is_marked_against_the_capture_and_shows_the_hop(trace):
    asked = lesson(Address("to", "Where to?", translated))
    asked.ask("to", translated(trace).answer)
    assert asked.check("to", trace).correct
    asked.ask("to", "192.0.2.99")
    result = asked.check("to", trace)
    assert result.outcome == "incorrect"
    assert "Look at " in result.words
    assert "ip.dst " in result.words


@pytest.mark.parametrize(
    ("given", "words"),
    [("a, c, b", "in another order"), ("a b", "there are more names"), (["a", "b", "c", "d"], "there are fewer names"),
     ("a → x → c", "Name 2 differs: you answered x, and the capture shows b")],
)  # fmt: skip
def test_feedback_to_an_order_names_the_first_difference(given, words, trace):
    asked = lesson(Order("way", "Which way?", lambda trace: Observation(("a", "b", "c"))))
    asked.ask("way", given)
    assert words in asked.check("way", trace).words
    asked.ask("way", ["a", "b", "c"])
    assert asked.check("way", trace).correct


def test_free_text_that_rules_about_words_do_not_find_right_is_compared_and_never_wrong(trace):
    ideas = (Idea("bridge", "Say who."), Idea("learn", "Say what it does."))
    asked = lesson(Text("why", "Why?", lambda trace: Observation("it learned"), because="So it does.", ideas=ideas))
    for given, words in (
        ("The bridge never learns", "“never learns” says the opposite. Say what it does."),
        ("the bridge", "Say what it does."),
        ("no idea", "Say who. Say what it does."),
    ):
        asked.ask("why", given)
        result = asked.check("why", trace)
        assert (result.outcome, result.words) == ("compare", f"{words} Compare your answer with this one: So it does.")
        assert str(result).startswith("≈ compare. ")


def test_right_free_text_is_shown_with_a_model_answer_to_compare(trace):
    asked = lesson(
        Text("why", "Why?", lambda trace: Observation("it learned"), because="So it does.", ideas=(Idea("learn", ""),))
    )
    asked.ask("why", "The  BRIDGE\nlearns")
    result = asked.check("why", trace)
    assert result.correct
    assert "contains the expected idea. Compare it with this one: So it does." in result.words


def test_hints_come_one_by_one_and_the_solution_has_the_captures_answer(trace):
    asked = lesson(choice(hints=("Look.", "Look there."), because="So it is."))
    assert str(asked.hint("who")) == "Hint 1 of 2; ask again for the next: Look."
    assert str(asked.hint("who")) == str(asked.hint("who")) == str(asked.hint("who", 2)) == "Hint 2 of 2: Look there."
    with pytest.raises(CnetkitError, match="from 1 to 2"):
        asked.hint("who", 3)
    assert str(asked.solution("who", trace)) == "me. So it is."


def test_what_is_marked_or_shown_must_be_a_trace():
    asked = lesson(choice())
    for wrong in ((), (3,), ("trace",)):
        with pytest.raises(CnetkitError, match=r"marked by a trace: lesson\.check\('who', trace\)"):
            asked.check("who", *wrong)
    with pytest.raises(CnetkitError, match="shown by a trace, not int"):
        asked.solution("who", 3)
    with pytest.raises(CnetkitError, match="has 0 hints"):
        asked.hint("who", "2")


def test_an_exercise_says_at_once_that_it_needs_a_live_lab():
    task = Exercise("mend", "Mend it.", lambda trace: "It is broken.")
    assert str(Lesson("99", [task], "").ask("mend")) == "Mend it."
    asked = str(Lesson("99", [task], "a recording made on 2026-01-01").ask("mend"))
    assert asked.startswith(
        "Mend it.\n(An exercise needs a live lab: here packets come from a recording made on 2026-01-01"
    )


def test_an_unknown_question_gets_the_closest_name_as_a_hint():
    with pytest.raises(CnetkitError, match="did you mean 'who'"):
        lesson(choice()).ask("woh")


def test_an_exercise_needs_a_trace_from_before_the_repair(trace):
    entry = catalog.find("bridge")
    with Lab("bridge", replay=entry.session) as lab:
        entry.network(lab)
        with lab.trace() as own:
            entry.traffic(lab)
    asked = lesson(Exercise("mend", "Mend it.", lambda trace: "It is broken."))
    with pytest.raises(CnetkitError, match="first"):
        asked.check("mend", own)
    asked.ask("mend", own)
    assert asked.check("mend", own).outcome == "not attempted"
    with pytest.raises(CnetkitError, match="has no topology"):
        asked.check("mend", trace)


@pytest.mark.parametrize("repaired", [True, False])
def test_a_repair_inside_the_traced_block_is_an_attempt(repaired):
    """Of the two topologies of a trace the later one is compared."""
    broken, whole = (Topology(nodes=(Node("h", sysctls={"net.ipv4.ip_forward": value}),)) for value in "01")
    before = Trace(Recording(no_frames(), topologies=(broken, broken)))
    after = Trace(Recording(no_frames(), topologies=(broken, whole if repaired else broken)))
    assert (setting(before) != setting(after)) is repaired
    asked = lesson(Exercise("mend", "Mend it.", lambda trace: "Still broken."))
    asked.ask("mend", before)
    assert asked.check("mend", after).outcome == ("incorrect" if repaired else "not attempted")


def test_progress_is_saved_in_a_file_of_the_learner(trace, tmp_path):
    asked = lesson(choice(hints=("Look.",)))
    asked.hint("who")
    asked.ask("who", "a")
    asked.check("who", trace)
    saved = json.loads((tmp_path / "cnetkit" / "progress.json").read_text())
    assert saved == {"99": {"who": {"hints": 1, "outcome": "correct"}}}
    assert progress.read() == saved
    assert str(asked.score) == "1 of 1 correct\n  ✓ who: correct"


@pytest.mark.parametrize("content", ["[1]", '{"a": 1}', '{"a": {}, "b": []}', '{"a":', "null"])
def test_a_damaged_file_is_reported_in_a_sentence_and_left_as_it_is(content, tmp_path, trace):
    path = tmp_path / "cnetkit" / "progress.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(CnetkitError, match="is damaged: repair it, or remove it"):
        lesson(choice()).check("who", trace)
    assert path.read_text() == content


def test_a_result_is_shown_as_text_and_as_escaped_html(trace):
    asked = lesson(choice(mistakes={"you": "<b>no</b>"}))
    asked.ask("who", "you")
    result = asked.check("who", trace)
    assert str(result) == "✗ incorrect. <b>no</b>"
    assert "&lt;b&gt;" in result._repr_html_()
    assert repr(asked.ask("who")) == "Who?\n  a) me\n  b) you\n  c) they\n→ put your answer in place of the three dots"


def test_a_trace_without_the_packet_in_question_is_reported_in_a_sentence(trace):
    with pytest.raises(CnetkitError, match="no packet of that kind"):
        journey(trace, kind="no such kind")


def test_a_wrong_answer_plays_the_hop_that_contradicts_it(trace, monkeypatch):
    shown = []
    monkeypatch.setattr(display, "viewers", lambda: True)
    monkeypatch.setattr(display, "publish", shown.append)
    asked = lesson(Address("to", "Where to?", translated))
    asked.ask("to", "192.0.2.99")
    asked.check("to", trace)._ipython_display_()
    words, still, viewer = shown
    scene = json.loads(viewer.scene)
    observed = translated(trace)
    assert "✗ incorrect." in words["text/plain"]
    assert "cnetkit-still" in still["text/html"]
    assert scene["journeys"]["id"] == [observed.journey.id]
    assert scene["hops"]["frame"][scene["begin"]] == observed.hop.frame
    changes = scene["hops"]["all_changes"][scene["hops"]["changes"][scene["begin"]]]
    assert ("ip.dst", observed.answer) in [(field, after) for field, _, after in changes]


def test_a_right_answer_and_a_notebook_without_widgets_show_text_only(trace, monkeypatch):
    shown = []
    monkeypatch.setattr(display, "publish", shown.append)
    asked = lesson(Address("to", "Where to?", translated))
    asked.ask("to", "192.0.2.99")
    asked.check("to", trace)._ipython_display_()
    monkeypatch.setattr(display, "viewers", lambda: True)
    asked.ask("to", translated(trace).answer)
    asked.check("to", trace)._ipython_display_()
    assert [output["text/plain"].split(".")[0] for output in shown] == ["✗ incorrect", "✓ correct"]


def test_a_wrong_order_shows_the_first_hop_that_is_missing_in_it(trace):
    journey = translated(trace).journey
    names = tuple(dict.fromkeys(hop.node for hop in journey.hops))
    asked = lesson(Order("way", "Which way?", lambda trace: at(names, journey)))
    asked.ask("way", [names[0], "nowhere"])
    assert asked.check("way", trace).contradiction.hop == next(hop for hop in journey.hops if hop.node == names[1])
    asked.ask("way", [names[0]])
    assert f"Look at {names[1]}/" in asked.check("way", trace).words


def test_a_repair_that_changes_no_setting_is_right_if_it_works(trace):
    works = []
    asked = lesson(Exercise("mend", "Mend it.", lambda trace: "" if works else "Broken.", touched=lambda trace: "same"))
    asked.ask("mend", trace)
    assert asked.check("mend", trace).outcome == "not attempted"
    works.append(True)
    assert asked.check("mend", trace).correct


def test_an_answer_from_a_form_is_kept_until_another_is_typed(trace):
    asked = lesson(choice())
    assert asked._keep("who", "me").startswith("→ me. ")
    assert asked.check("who", trace).correct
    asked.ask("who")
    assert asked.check("who", trace).correct
    asked.ask("who", "b")
    assert asked.check("who", trace).outcome == "incorrect"
    asked.ask("who")
    assert asked.check("who", trace).outcome == "not attempted"


def test_where_no_widget_can_run_a_question_is_text(monkeypatch):
    shown = []
    monkeypatch.setattr("cnetkit.learn.lesson.publish", shown.append)
    lesson(choice()).ask("who")._ipython_display_()
    assert "→ put your answer in place of the three dots" in shown[0]["text/plain"]


def test_a_form_is_the_questions_text_where_its_widget_is_gone(monkeypatch):
    shown = []
    monkeypatch.setattr("cnetkit.learn.lesson.publish", shown.append)
    monkeypatch.setattr("cnetkit.view.form.viewers", lambda: True)
    lesson(choice()).ask("who")._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    assert shown[0]["text/plain"].startswith("Who?\n  a) me")


def test_the_solution_of_an_exercise_has_its_commands():
    task = Exercise(
        "mend",
        "Mend it.",
        lambda trace: "",
        hints=("Look.", "`ip link set eth0 up`, in right."),
        because="It was down.",
    )
    assert str(Lesson("99", [task]).solution("mend")) == "It was down.\n  `ip link set eth0 up`, in right."


def test_each_exercise_of_the_course_has_a_solution_with_commands():
    exercises = [task for name in catalog.questioned() for task in catalog.tasks(name) if isinstance(task, Exercise)]
    assert all(any("`" in text for text in (*task.hints, task.because)) for task in exercises)
