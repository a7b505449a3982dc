"""The built wheel does without a checkout: labs, recordings and notebooks come along, and JupyterLab opens on the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cnetkit.cli.opening import SETTINGS
from tests.server import address, fetched

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What pip would unpack from the wheel, in a place of its own, and how to run a Python that finds it there first."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    state = {
        name: str(folder / name) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    return folder, {**os.environ, **state, "PYTHONPATH": str(folder / "site")}


def run(installed, *arguments):
    folder, environment = installed
    command = [sys.executable, "-m", "cnetkit", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_it_carries_what_git_has_of_labs_and_notebooks_and_nothing_else(installed):
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "labs", "notebooks"]
    known = set(subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())
    shipped = installed[0] / "site" / "cnetkit" / "_shipped"
    assert {str(path.relative_to(shipped)) for path in shipped.rglob("*") if path.is_file()} == known
    assert sum(path.stat().st_size for path in shipped.rglob("*.cnetkit")) < 4_000_000


def test_it_carries_jupyterlabs_settings_for_the_course(installed):
    settings = installed[0] / "site" / SETTINGS.relative_to(ROOT)
    assert {path.name for path in settings.rglob("*.json")} == {"jupyter_server_config.json", "page_config.json"}


def test_labs_are_listed_and_run_from_it(installed):
    place = run(installed, "list")
    assert place.stdout.count("\n") == len(list((ROOT / "labs").glob("*/lab.py")))
    done = run(installed, "run", "bridge", "--replay", "--json", "out.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((installed[0] / "out.json").read_text())["journeys"]
    where = [sys.executable, "-c", "from cnetkit import catalog; print(catalog.shipped('labs'))"]
    said = subprocess.run(where, cwd=installed[0], env=installed[1], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(installed[0] / "site" / "cnetkit" / "_shipped" / "labs")


def test_open_serves_the_first_notebook(installed):
    folder, environment = installed
    command = [sys.executable, "-m", "cnetkit", "open", "course", "--no-browser"]
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            site, place, token = address(server.stderr)
            assert place == "/lab/tree/notebooks/00-start-here.ipynb"
            assert "JupyterLab" in fetched(f"{site}{place}?token={token}")
            assert "Start here" in fetched(f"{site}/api/contents/notebooks/00-start-here.ipynb?token={token}")
        finally:
            server.terminate()
    assert (folder / "course" / "labs" / "bridge" / "lab.py").is_file()
