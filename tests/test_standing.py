"""Where a learner stands is read from what was marked, in any session."""

import itertools
import re
from pathlib import Path

import pytest

import cnetkit
from cnetkit import catalog, cli, course
from cnetkit.learn import Lesson, progress
from cnetkit.model import CnetkitError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
LINK = re.compile(r"\]\(([^)#]+)\)")


@pytest.fixture(autouse=True)
def _own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_at_first_nothing_is_begun_and_the_first_lesson_is_next():
    where = cnetkit.progress()
    assert [one.number for one in where] == [row.number for row in course.LESSONS if row.lab]
    assert not any(one.begun for one in where)
    assert where.next.number == "00"
    assert "Go on with 00, start here: notebooks/00-start-here.ipynb" in str(where)


def test_what_was_marked_in_an_earlier_session_is_counted_and_what_is_open_is_named():
    progress.record("02", "why", outcome="correct", hints=0)
    progress.record("02", "mend", outcome="incorrect", hints=1)
    bridge = next(one for one in cnetkit.progress() if one.number == "02")
    assert (bridge.correct, bridge.begun) == (1, True)
    assert "mend" in bridge.open
    assert "why" not in bridge.open
    assert cnetkit.progress().next.number == "02"


def test_the_score_of_a_lesson_counts_earlier_sessions_until_it_is_reset():
    lesson = Lesson("02", catalog.tasks("bridge"))
    progress.record("02", "why", outcome="correct", hints=0)
    assert "1 of 8 correct" in lesson.score
    assert "why: correct (earlier)" in lesson.score
    assert "forgotten" in lesson.reset()
    assert "0 of 8 correct" in lesson.score
    assert progress.read() == {}


def test_when_everything_is_right_the_end_of_the_course_is_named():
    for row in course.LESSONS:
        for task in catalog.tasks(row.lab) if row.lab else ():
            progress.record(row.number, task.name, outcome="correct")
    assert cnetkit.progress().next is None
    assert "COURSE.md" in str(cnetkit.progress())


def test_the_command_prints_it_and_writes_a_page_to_print(tmp_path, capsys):
    progress.record("00", "why", outcome="correct")
    assert cli.main(["progress", "--html", str(tmp_path / "done.html")]) == 0
    assert "start here" in capsys.readouterr().out
    page = (tmp_path / "done.html").read_text()
    tasks = sum(len(one.outcomes) for one in cnetkit.progress())
    assert f"1 of {tasks} questions and exercises are right" in page
    assert "<script" not in page
    assert cli.main(["progress", "--html", "/proc/done.html"]) == 1


def test_a_damaged_progress_file_is_one_sentence(tmp_path):
    progress.file().parent.mkdir(parents=True)
    progress.file().write_text("[")
    with pytest.raises(CnetkitError, match="is damaged: repair it, or remove it"):
        cnetkit.progress()


def test_the_map_has_each_lesson_with_its_time_and_what_it_builds_on():
    text = (NOTEBOOKS / "COURSE.md").read_text()
    after = {row.number: row.after for row in course.LESSONS}
    for one in cnetkit.progress():
        row = f"| [{one.number} {one.title}]({one.notebook}) | {one.minutes} min | {', '.join(after[one.number])} |"
        assert row.replace("|  |", "| |") in text
    drawn = set()
    for line in text.partition("```mermaid")[2].partition("```")[0].splitlines():
        numbers = re.findall(r"(?:^|--> |\s)(\d\d)(?=\[| |$)", line)
        drawn |= set(itertools.pairwise(numbers))
    assert drawn == {(before, number) for number, befores in after.items() for before in befores}


@pytest.mark.parametrize("name", ["COURSE.md", "GLOSSARY.md"])
def test_each_link_leads_to_a_file(name):
    inside = [link for link in LINK.findall((NOTEBOOKS / name).read_text()) if not link.startswith("https://")]
    assert inside
    assert all((NOTEBOOKS / link).exists() for link in inside)


def test_the_glossary_is_in_order_and_each_lesson_links_to_it():
    words = re.findall(r"^## (.+)$", (NOTEBOOKS / "GLOSSARY.md").read_text(), re.MULTILINE)
    assert words == sorted(words, key=str.lower)
    assert len(words) > 30
    assert all("(GLOSSARY.md)" in path.read_text() for path in NOTEBOOKS.glob("0*.ipynb"))
