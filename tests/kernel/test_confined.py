"""As on Binder: an ordinary user without capabilities, no_new_privs, 2 GB, no network, and namespaces really refused.

That such a replay shows what a live run shows is tested in tests/test_notebooks.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.notebooks import NOTEBOOKS, PATIENCE, ROOT, run

HOWS = ("limit", "seccomp")
RECORDED = [path for path in NOTEBOOKS if path.with_suffix(".cnetkit").is_file()]
CAUSE = {"limit": "user.max_user_namespaces is 0", "seccomp": "seccomp"}


def confined(how, *command, folder, **environment):
    own = {name: str(folder) for name in ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CNETKIT_")}
    whole = [sys.executable, "-m", "tests.confined", how, sys.executable, *command]
    return subprocess.run(
        whole,
        cwd=ROOT,
        env={**kept, **own, **environment},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("how", HOWS)
def test_the_doctor_names_the_cause_and_every_lesson_and_lab_is_replayed(how, tmp_path):
    done = confined(how, "-m", "cnetkit", "doctor", "--json", folder=tmp_path)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert CAUSE[how] in report["cause"]
    assert report["system"]["user"] == "ordinary"
    assert report["system"]["no_new_privs"] == "1"
    modes = {one["name"]: one["mode"] for one in (*report["lessons"], *report["labs"])}
    assert {modes[path.stem[:2]] for path in RECORDED} == {"replay"}
    assert {one["mode"] for one in report["labs"]} == {"replay"}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_notebook_falls_back_to_its_recording_and_shows_the_same(path, tmp_path, monkeypatch):
    how = HOWS[RECORDED.index(path) % 2]
    done = confined(how, "-m", "tests.notebooks", path.stem, str(tmp_path), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["seconds"] < PATIENCE
    shown = [html for html in found["pictures"] if 'class="cnetkit"' in html]
    assert shown
    assert all("Replayed, not live: a recording made on " in html for html in shown)
    for name in ("JUPYTER_DATA_DIR", "PYTHONPATH", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CNETKIT_MODE", "replay")
    assert found["traces"] == run(path, tmp_path).traces


def test_a_lab_that_is_refused_says_how_to_see_its_recording(tmp_path):
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
    found = json.loads(done.stdout)
    assert found["place"] == "/lab/tree/notebooks/00-start-here.ipynb"
    assert found["page"]
    assert found["said"].startswith("<lesson 02, a recording made on ")
    assert "Labs cannot run live here." in found["log"]
    assert "cause: " in found["log"]
