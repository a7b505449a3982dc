"""Which lessons can be opened, and whether they run live or from a recording."""

from __future__ import annotations

import re

import pytest

import cnetkit
from cnetkit import catalog, course, lessons
from cnetkit.learn import Exercise
from cnetkit.model import CnetkitError


def test_an_unknown_lesson_is_refused_with_a_list_of_lessons():
    with pytest.raises(CnetkitError, match="choose from 00, 01, 02, 03, 04, 05, 06, 07, 08, 09, 10"):
        cnetkit.lesson("99")


def test_the_environment_decides_and_a_wrong_value_is_reported_in_a_sentence(monkeypatch):
    monkeypatch.setenv("CNETKIT_MODE", "replay")
    lab, lesson = cnetkit.lesson("02")
    assert lab.replayed == lesson.label
    assert "a recording made on" in repr(lesson)
    monkeypatch.setenv("CNETKIT_MODE", "both")
    with pytest.raises(CnetkitError, match="set it to live or replay"):
        cnetkit.lesson("02")


def test_the_recording_beside_the_open_notebook_comes_before_the_shipped_recording(tmp_path, monkeypatch):
    (shipped,) = catalog.shipped("notebooks").glob("02-*.cnetkit")
    head, line, body = shipped.read_bytes().partition(b"\n")
    older = re.sub(rb'"date":"[^"]*"', b'"date":"2001-02-03"', head)
    (tmp_path / "02-mine.cnetkit").write_bytes(older + line + body)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNETKIT_MODE", "replay")
    assert "made on 2001-02-03" in cnetkit.lesson("02")[0].replayed
    assert "2001" not in cnetkit.lesson("03")[0].replayed


def test_the_recording_is_used_if_a_sandbox_is_refused(monkeypatch):
    real = lessons.Lab

    def refused(name, *, replay=None, record=None):
        if replay is None:
            raise CnetkitError("this system refuses namespaces")
        return real(name, replay=replay)

    monkeypatch.setattr(lessons, "Lab", refused)
    assert cnetkit.lesson("05")[0].replayed
    monkeypatch.setenv("CNETKIT_MODE", "live")
    with pytest.raises(CnetkitError, match="refuses namespaces"):
        cnetkit.lesson("05")


@pytest.mark.parametrize("row", [row for row in course.LESSONS if row.lab], ids=lambda row: row.number)
def test_a_lesson_has_two_exercises_with_commands_a_reason_for_each_answer_and_five_questions(row):
    tasks = catalog.tasks(row.lab)
    exercises = [task for task in tasks if isinstance(task, Exercise)]
    assert len(exercises) >= 2
    assert len(tasks) - len(exercises) >= 5
    assert [task.name for task in tasks if not task.because] == []
    assert [task.name for task in exercises if len(task.hints) < 2 or "`" not in task.hints[-1]] == []


def test_a_lab_by_hand_and_the_same_by_the_real_engine_do_not_differ_in_their_recordings(monkeypatch):
    monkeypatch.setenv("CNETKIT_MODE", "replay")
    by_hand, real = cnetkit.run("port-mapping"), cnetkit.run("docker-port-mapping")
    assert by_hand.recording.replayed
    assert real.recording.replayed
    comparison = by_hand.compare(real)
    assert comparison.differences == ()
    assert comparison.alike == 12
    assert real.compare(cnetkit.run("bridge"))


def test_a_lab_whose_programs_were_not_fetched_is_shown_from_its_recording(tmp_path, monkeypatch):
    monkeypatch.delenv("CNETKIT_MODE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cnetkit.run("docker-port-mapping").recording.replayed


def test_a_lab_that_does_not_exist_is_named():
    with pytest.raises(CnetkitError, match="no lab 'port-maping'; did you mean port-mapping"):
        cnetkit.run("port-maping")


def test_a_lesson_whose_programs_were_not_fetched_is_replayed(tmp_path, monkeypatch):
    monkeypatch.delenv("CNETKIT_MODE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lab, lesson = cnetkit.lesson("08")
    with lab:
        assert lab.replayed == lesson.label != ""
        assert lab.host("dock", programs="docker-28.5").name == "dock"
