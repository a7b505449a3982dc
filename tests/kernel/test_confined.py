"""The course under Binder's restrictions: a user without capabilities, no_new_privs, 2 GB, no network, no namespaces.

tests/test_notebooks.py compares replays with live runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.notebooks import NOTEBOOKS, PATIENCE, ROOT, run

RESTRICTIONS = ("limit", "seccomp")
RECORDED = [path for path in NOTEBOOKS if path.with_suffix(".cnetkit").is_file()]
CAUSE = {"limit": "user.max_user_namespaces is 0", "seccomp": "seccomp"}


def confined(restriction, *command, folder, **environment):
    folders = {name: str(folder) for name in ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CNETKIT_")}
    arguments = [sys.executable, "-m", "tests.confined", restriction, sys.executable, *command]
    return subprocess.run(
        arguments,
        cwd=ROOT,
        env={**inherited, **folders, **environment},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("restriction", RESTRICTIONS)
def test_the_doctor_names_the_cause_and_every_lesson_and_lab_is_replayed(restriction, tmp_path):
    done = confined(restriction, "-m", "cnetkit", "doctor", "--json", folder=tmp_path)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert CAUSE[restriction] in report["cause"]
    assert report["system"]["user"] == "ordinary"
    assert report["system"]["no_new_privs"] == "1"
    modes = {row["name"]: row["mode"] for row in (*report["lessons"], *report["labs"])}
    assert {modes[path.stem[:2]] for path in RECORDED} == {"replay"}
    assert {row["mode"] for row in report["labs"]} == {"replay"}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_notebook_falls_back_to_its_recording_and_shows_the_same(path, tmp_path, monkeypatch):
    restriction = RESTRICTIONS[RECORDED.index(path) % 2]
    done = confined(restriction, "-m", "tests.notebooks", path.stem, str(tmp_path), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["seconds"] < PATIENCE
    shown = [html for html in result["pictures"] if 'class="cnetkit"' in html]
    assert shown
    assert all("Replayed, not live: a recording made on " in html for html in shown)
    for name in ("JUPYTER_DATA_DIR", "PYTHONPATH", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CNETKIT_MODE", "replay")
    assert result["traces"] == run(path, tmp_path).traces


def test_running_a_lab_that_is_refused_names_the_replay_option(tmp_path):
    refused = confined("seccomp", "-m", "cnetkit", "run", "bridge", folder=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "--replay" in refused.stderr
    shown = confined("seccomp", "-m", "cnetkit", "run", "bridge", "--replay", folder=tmp_path)
    assert shown.returncode == 0
    assert "This is a recording, not live" in shown.stdout


def test_jupyterlab_starts_and_opens_on_the_first_lesson(tmp_path):
    done = confined("seccomp", "-m", "tests.server", str(tmp_path), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    started = json.loads(done.stdout)
    assert started["place"] == "/lab/tree/notebooks/00-start-here.ipynb"
    assert started["page"]
    assert started["said"].startswith("<lesson 02, a recording made on ")
    assert "Labs cannot run live here." in started["log"]
    assert "cause: " in started["log"]
