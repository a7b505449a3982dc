"""The course in a learner's folder: every file is copied, and no file of the learner is replaced."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from cnetkit import catalog, cli, workspace
from cnetkit.cli import opening
from cnetkit.learn import progress
from cnetkit.model import CnetkitError


def test_notebooks_labs_and_recordings_are_copied_as_they_are(tmp_path):
    copied = workspace.copy(tmp_path / "course")
    assert not copied.kept
    for part in ("notebooks", "labs"):
        here, there = tmp_path / "course" / part, catalog.shipped(part)
        names = {path.name for path in here.rglob("*") if path.is_file()}
        assert {"README.md", "lab.py", "session.cnetkit"} <= names or "00-start-here.ipynb" in names
        assert all(path.read_bytes() == (there / path.relative_to(here)).read_bytes() for path in here.rglob("*.*"))
    assert not list(tmp_path.rglob("__pycache__"))


def test_changed_files_are_kept_and_named_and_missing_files_are_added(tmp_path):
    workspace.copy(tmp_path)
    (tmp_path / "notebooks" / "00-start-here.ipynb").write_text("mine")
    (tmp_path / "notebooks" / "mine.ipynb").write_text("also mine")
    (tmp_path / "labs" / "bridge" / "lab.py").unlink()
    copied = workspace.copy(tmp_path)
    assert [str(path) for path in copied.added] == ["labs/bridge/lab.py"]
    assert [str(path) for path in copied.kept] == ["notebooks/00-start-here.ipynb"]
    assert (tmp_path / "notebooks" / "00-start-here.ipynb").read_text() == "mine"
    assert (tmp_path / "notebooks" / "mine.ipynb").read_text() == "also mine"


def test_a_file_of_an_older_version_that_was_not_changed_is_brought_up_to_date(tmp_path, monkeypatch):
    older = tmp_path / "older"
    for part in workspace.PARTS:
        shutil.copytree(catalog.shipped(part), older / part)
    (older / "notebooks" / "00-start-here.ipynb").write_text("the older lesson")
    (older / "notebooks" / "02-veth-and-bridge.ipynb").write_text("the older lesson")
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "shipped", lambda part: older / part)
        workspace.copy(tmp_path / "course")
    here = tmp_path / "course" / "notebooks"
    (here / "02-veth-and-bridge.ipynb").write_text("the older lesson, and my notes")
    copied = workspace.copy(tmp_path / "course")
    assert [str(path) for path in copied.renewed] == ["notebooks/00-start-here.ipynb"]
    assert [str(path) for path in copied.kept] == ["notebooks/02-veth-and-bridge.ipynb"]
    assert (here / "00-start-here.ipynb").read_bytes() == (
        catalog.shipped("notebooks") / "00-start-here.ipynb"
    ).read_bytes()
    assert (here / "02-veth-and-bridge.ipynb").read_text() == "the older lesson, and my notes"


def test_a_lesson_begins_anew_and_the_notebook_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(os, "execv", lambda path, argv: None)
    course = tmp_path / "course"
    workspace.copy(course)
    (course / "notebooks" / "04-port-mapping.ipynb").write_text("mine")
    for lesson in ("03", "04"):
        progress.record(lesson, "first", outcome="correct")
    assert cli.main(["open", str(course), "--anew", "04"]) == 0
    assert "Your notebook is now" in capsys.readouterr().out
    assert (course / "notebooks" / "04-port-mapping.mine-1.ipynb").read_text() == "mine"
    assert "cnetkit.lesson" in (course / "notebooks" / "04-port-mapping.ipynb").read_text()
    assert set(progress.read()) == {"03"}
    assert cli.main(["open", str(course), "--anew", "99"]) == 1
    assert "there is no lesson '99'" in capsys.readouterr().err


def test_recordings_are_not_listed_beside_the_notebooks():
    settings = json.loads((opening.SETTINGS / "jupyter_server_config.json").read_text())
    assert "*.cnetkit" in settings["ContentsManager"]["hide_globs"]


@pytest.mark.parametrize("at", ["", "labs"])
def test_a_file_in_the_way_is_reported_in_one_sentence(tmp_path, at):
    (tmp_path / "course").mkdir()
    folder = tmp_path / "course" / "one"
    blocked = folder / at if at else folder
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file")
    with pytest.raises(CnetkitError, match="in the way"):
        workspace.copy(folder)
    assert blocked.read_text() == "a file"


def test_an_unwritable_folder_is_reported_in_one_sentence():
    with pytest.raises(CnetkitError, match=r"cannot be copied to /proc/course .*choose another folder"):
        workspace.copy(workspace.Path("/proc/course"))


def test_without_jupyterlab_nothing_is_copied(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    assert cli.main(["open", str(tmp_path / "course")]) == 1
    assert "pip install 'cnetkit[notebook]'" in capsys.readouterr().err
    assert not (tmp_path / "course").exists()


def test_the_first_notebook_is_opened_with_the_folder_beside_it(tmp_path, monkeypatch, capsys):
    became = []
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/my/own")
    monkeypatch.setattr(os, "execv", lambda path, argv: became.append((path, argv)))
    assert cli.main(["open", str(tmp_path / "course"), "--no-browser"]) == 0
    (path, argv) = became[0]
    assert path == argv[0] == sys.executable
    assert argv[1:3] == ["-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path / 'course'}" in argv
    assert "--LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb" in argv
    assert os.environ["JUPYTER_CONFIG_PATH"] == f"{opening.SETTINGS}{os.pathsep}/my/own"
    assert "--no-browser" in argv
    assert "files added" in capsys.readouterr().out
    (tmp_path / "course" / "labs" / "pod" / "lab.py").write_text("mine")
    cli.main(["open", str(tmp_path / "course")])
    assert "These files differ from the course's and were kept: labs/pod/lab.py." in capsys.readouterr().out
    assert "--no-browser" not in became[1][1]


def test_a_lab_of_the_learner_is_run_by_its_folder(tmp_path):
    workspace.copy(tmp_path)
    lab = tmp_path / "labs" / "bridge"
    (lab / "lab.py").write_text((lab / "lab.py").read_text().replace('"""', '"""My own: ', 1))
    command = [sys.executable, "-m", "cnetkit", "run", "labs/bridge", "--replay"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("My own: ")
    done = subprocess.run([*command[:-2], "labs/brigde"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "did you mean bridge" in done.stderr) == (2, True)
