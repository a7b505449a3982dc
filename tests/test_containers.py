"""binder/ is read by repo2docker, and .devcontainer by Codespaces. Both name files and packages that exist."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

from cnetkit import catalog, course, doctor
from cnetkit.cli.opening import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"
FIRST = "notebooks/00-start-here.ipynb"
SPECIFIED = {
    "name": str, "image": str, "remoteUser": str, "securityOpt": list, "capAdd": list, "hostRequirements": dict,
    "postCreateCommand": str, "customizations": dict,
}  # fmt: skip
"""Properties of containers.dev's reference that are used here, with their types."""


def packages(path):
    return {line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()} - {""}


def test_binders_packages_hold_every_program_that_a_written_lesson_or_lab_needs():
    written = [lesson for lesson in course.LESSONS if list((ROOT / "notebooks").glob(f"{lesson.number}-*.ipynb"))]
    needs = {need for lesson in written for need in lesson.needs} | {
        need for name in catalog.names() for need in catalog.find(name).needs
    }
    wanted = {doctor.needs()[need].package for need in needs} - {""}
    assert wanted | {"libnftables1", "iproute2", "iptables"} <= packages(BINDER / "apt.txt")


def test_a_learners_packages_hold_nothing_that_only_tests_need():
    assert not packages(BINDER / "apt.txt") & packages(ROOT / "tests" / "apt.txt")
    assert "chromium" not in packages(BINDER / "apt.txt")


def test_binders_python_is_supported_by_the_package():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    least = tuple(map(int, wanted.removeprefix(">=").split(".")))
    version = re.fullmatch(r"python-(\d+)\.(\d+)", (BINDER / "runtime.txt").read_text(encoding="utf-8").strip())
    assert tuple(map(int, version.groups())) >= least


def test_binders_scripts_can_be_run_and_its_server_opens_on_the_first_lesson():
    assert all(os.access(BINDER / name, os.X_OK) for name in ("start", "postBuild"))
    settings = json.loads((SETTINGS / "jupyter_server_config.json").read_text(encoding="utf-8"))
    addresses = {name: setting["default_url"] for name, setting in settings.items() if name.endswith("App")}
    assert addresses == dict.fromkeys(("LabApp", "ServerApp"), f"/lab/tree/{FIRST}")
    assert (ROOT / FIRST).is_file()
    assert not list(BINDER.glob("*Dockerfile*"))


def test_the_devcontainer_asks_for_what_sandboxes_need_and_opens_the_first_lesson():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
    assert {name: type(value) for name, value in container.items()} == SPECIFIED
    assert set(container["securityOpt"]) == {f"{what}=unconfined" for what in ("seccomp", "apparmor", "systempaths")}
    assert "privileged" not in container
    assert re.fullmatch(r"\d+([tgmk]b)?", container["hostRequirements"]["memory"])
    assert "binder/system.sh" in container["postCreateCommand"]
    assert container["customizations"]["codespaces"]["openFiles"] == [FIRST]
