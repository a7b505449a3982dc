"""A lesson as a learner meets it: outcomes, feedback, hints, progress. Traces come from a capture file."""

from __future__ import annotations

import json

import pytest

import cnetkit
from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.learn import Address, Choice, Exercise, Idea, Lesson, Order, Seen, Text, progress
from cnetkit.learn.looking import at, changed, journey
from cnetkit.model import CnetkitError
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
    one = next(one for one in trace.journeys if changed(one, "ip.dst"))
    hop = changed(one, "ip.dst")
    return at(next(change.after for change in hop.changes if change.field == "ip.dst"), one, hop)


def lesson(*tasks):
    return Lesson("99", tasks)


def choice(**more):
    return Choice("who", "Who?", lambda trace: Seen("me"), options=("me", "you", "they"), **more)


def test_without_an_answer_the_outcome_is_not_attempted(trace):
    one = lesson(choice())
    one.ask("who", ...)
    assert one.check("who", trace).outcome == "not attempted"


@pytest.mark.parametrize(
    ("answer", "outcome"), [("a", "correct"), ("ME", "correct"), ("b", "incorrect"), ("they", "incorrect")]
)
def test_a_choice_is_given_by_letter_or_text(answer, outcome, trace):
    one = lesson(choice())
    one.ask("who", answer)
    assert one.check("who", trace).outcome == outcome


def test_different_mistakes_get_different_words(trace):
    one = lesson(choice(mistakes={"you": "You were asleep."}))
    words = []
    for answer in "bc":
        one.ask("who", answer)
        words.append(one.check("who", trace).words)
    assert words == ["You were asleep.", "You said they; the capture shows me."]


def test_an_answer_that_cannot_be_one_is_a_sentence():
    one = lesson(choice(), Address("where", "Where?", translated), Order("way", "Which way?", translated))
    for name, answer, words in (
        ("who", "d", "answer with a letter, a, b, c"),
        ("where", "nowhere", "not an address"),
        ("way", "", "no list of names"),
    ):
        with pytest.raises(CnetkitError, match=words):
            one.ask(name, answer)


def test_an_address_is_marked_against_the_capture_and_shows_the_hop(trace):
    one = lesson(Address("to", "Where to?", translated))
    one.ask("to", translated(trace).answer)
    assert one.check("to", trace).correct
    one.ask("to", "192.0.2.99")
    said = one.check("to", trace)
    assert said.outcome == "incorrect"
    assert "look at " in said.words
    assert "ip.dst " in said.words


@pytest.mark.parametrize(
    ("given", "words"),
    [("a, c, b", "in another order"), ("a b", "there are more"), (["a", "b", "c", "d"], "there are fewer"),
     ("a → x → c", "Up to number 1 you agree; then you said x, and the capture shows b")],
)  # fmt: skip
def test_an_order_is_told_where_it_parts(given, words, trace):
    one = lesson(Order("way", "Which way?", lambda trace: Seen(("a", "b", "c"))))
    one.ask("way", given)
    assert words in one.check("way", trace).words
    one.ask("way", ["a", "b", "c"])
    assert one.check("way", trace).correct


def test_free_text_says_what_is_missing(trace):
    ideas = (Idea("bridge", "Say who."), Idea("learn", "Say what it does."))
    one = lesson(Text("why", "Why?", lambda trace: Seen("it learned"), because="So it does.", ideas=ideas))
    for given, words in (
        ("The bridge never learns", "“never learns” denies it. Say what it does."),
        ("the bridge", "Say what it does."),
        ("no idea", "Say who. Say what it does."),
    ):
        one.ask("why", given)
        assert one.check("why", trace).words == words


def test_free_text_that_holds_what_is_asked_for_is_to_be_compared_by_the_learner(trace):
    one = lesson(
        Text("why", "Why?", lambda trace: Seen("it learned"), because="So it does.", ideas=(Idea("learn", ""),))
    )
    one.ask("why", "The  BRIDGE\nlearns")
    result = one.check("why", trace)
    assert result.correct
    assert "cannot tell more. Compare yours: So it does." in result.words


def test_hints_come_one_by_one_and_the_solution_has_what_was_seen(trace):
    one = lesson(choice(hints=("Look.", "Look there."), because="So it is."))
    assert str(one.hint("who")) == "Hint 1 of 2: Look."
    assert str(one.hint("who", 2)) == "Hint 2 of 2: Look there."
    with pytest.raises(CnetkitError, match="from 1 to 2"):
        one.hint("who", 3)
    assert str(one.solution("who", trace)) == "me. So it is."


def test_an_unknown_question_is_answered_with_the_closest_one():
    with pytest.raises(CnetkitError, match="did you mean 'who'"):
        lesson(choice()).ask("woh")


def test_an_exercise_needs_to_know_how_it_was(trace):
    entry = catalog.find("bridge")
    with Lab("bridge", replay=entry.session) as lab:
        entry.network(lab)
        with lab.trace() as own:
            entry.traffic(lab)
    one = lesson(Exercise("mend", "Mend it.", lambda trace: "It is broken."))
    with pytest.raises(CnetkitError, match="first"):
        one.check("mend", own)
    one.ask("mend", own)
    assert one.check("mend", own).outcome == "not attempted"
    with pytest.raises(CnetkitError, match="says nothing of its network"):
        one.check("mend", trace)


def test_progress_is_kept_in_a_file_of_the_learners_own(trace, tmp_path):
    one = lesson(choice(hints=("Look.",)))
    one.hint("who")
    one.ask("who", "a")
    one.check("who", trace)
    kept = json.loads((tmp_path / "cnetkit" / "progress.json").read_text())
    assert kept == {"99": {"who": {"hints": 1, "outcome": "correct"}}}
    assert progress.read() == kept
    assert str(one.score) == "1 of 1 correct\n  ✓ who: correct"


def test_a_damaged_file_is_a_sentence_and_stays(tmp_path, trace):
    path = tmp_path / "cnetkit" / "progress.json"
    path.parent.mkdir()
    path.write_text("[1]")
    with pytest.raises(CnetkitError, match="is damaged: mend it, or remove it"):
        lesson(choice()).check("who", trace)
    assert path.read_text() == "[1]"


def test_what_is_shown_is_text_and_escaped_html(trace):
    one = lesson(choice(mistakes={"you": "<b>no</b>"}))
    one.ask("who", "you")
    result = one.check("who", trace)
    assert str(result) == "✗ incorrect. <b>no</b>"
    assert "&lt;b&gt;" in result._repr_html_()
    assert repr(one.ask("who")) == "Who?\n  a) me\n  b) you\n  c) they\n→ put your answer in place of the three dots"


def test_a_trace_without_the_packet_that_was_asked_about_is_a_sentence(trace):
    with pytest.raises(CnetkitError, match="no packet of that kind"):
        journey(trace, kind="no such kind")


def test_a_wrong_answer_is_shown_at_the_hop_where_it_and_the_packet_part(trace, monkeypatch):
    shown = []
    monkeypatch.setattr(display, "viewers", lambda: True)
    monkeypatch.setattr(display, "publish", shown.append)
    one = lesson(Address("to", "Where to?", translated))
    one.ask("to", "192.0.2.99")
    one.check("to", trace)._ipython_display_()
    said, still, viewer = shown
    scene = json.loads(viewer.scene)
    seen = translated(trace)
    assert "✗ incorrect." in said["text/plain"]
    assert "cnetkit-still" in still["text/html"]
    assert scene["journeys"]["id"] == [seen.journey.id]
    assert scene["hops"]["frame"][scene["begin"]] == seen.hop.frame
    changes = scene["hops"]["all_changes"][scene["hops"]["changes"][scene["begin"]]]
    assert ("ip.dst", seen.answer) in [(field, after) for field, _, after in changes]


def test_a_right_answer_and_a_place_without_widgets_show_words_only(trace, monkeypatch):
    shown = []
    monkeypatch.setattr(display, "publish", shown.append)
    one = lesson(Address("to", "Where to?", translated))
    one.ask("to", "192.0.2.99")
    one.check("to", trace)._ipython_display_()
    monkeypatch.setattr(display, "viewers", lambda: True)
    one.ask("to", translated(trace).answer)
    one.check("to", trace)._ipython_display_()
    assert [said["text/plain"].split(".")[0] for said in shown] == ["✗ incorrect", "✓ correct"]


def test_of_an_order_the_first_hop_that_was_not_said_is_shown(trace):
    journey = translated(trace).journey
    names = tuple(dict.fromkeys(hop.node for hop in journey.hops))
    one = lesson(Order("way", "Which way?", lambda trace: at(names, journey)))
    one.ask("way", [names[0], "nowhere"])
    assert one.check("way", trace).parts.hop == next(hop for hop in journey.hops if hop.node == names[1])
    one.ask("way", [names[0]])
    assert f"look at {names[1]}/" in one.check("way", trace).words


def test_a_repair_that_leaves_no_mark_in_the_network_is_right_where_it_works(trace):
    works = []
    one = lesson(Exercise("mend", "Mend it.", lambda trace: "" if works else "Broken.", touched=lambda trace: "same"))
    one.ask("mend", trace)
    assert one.check("mend", trace).outcome == "not attempted"
    works.append(True)
    assert one.check("mend", trace).correct
