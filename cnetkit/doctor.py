"""Checks what this system allows and has installed, and reports for each lesson and lab how it runs here and what is missing.

The lab, each system and the course list what they need in their NEEDS. `cnetkit.kernel.probe` tests the kernel, in a process of
its own. The doctor changes nothing and prints nothing.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from cnetkit import catalog, course, systems
from cnetkit.equipment import Feature, look, path, version
from cnetkit.lab import needs as lab_needs
from cnetkit.needs import Need, feature
from cnetkit.refusal import Refusal, System, refusal


@dataclass(frozen=True, slots=True)
class Readiness:
    """How a lesson or lab runs here: `mode` is live, replay, `cannot run` (there is no recording either), or `not written`."""

    name: str
    title: str
    needs: tuple[str, ...]
    missing: tuple[str, ...]
    mode: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `cnetkit doctor --json` prints, version 1: fields are added, never renamed."""

    live: bool
    """Whether labs can be built here."""
    cause: str
    fix: str
    system: dict[str, str]
    features: tuple[Feature, ...]
    lessons: tuple[Readiness, ...]
    labs: tuple[Readiness, ...]

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps({"format": "cnetkit-doctor", "version": 1, **asdict(self)}, indent=2)


def examine() -> Report:
    """Checks everything. Takes less than a second."""
    answer = run_probe()
    system = System()
    stopped, wanted = _stopped(answer, system), needs()
    installed = (look(need, system.container) for need in wanted.values() if need.kind != "kernel")
    features = (*_kernel(answer["features"], stopped, system, wanted), *installed)
    if stopped is None:
        core = {need.name for need in wanted.values() if need.core}
        stopped = next(
            (Refusal(f"{f.name}: {f.cause}", f.fix) for f in features if f.name in core and not f.works), None
        )
    missing = {feature.name for feature in features if not feature.works}
    return Report(
        live=stopped is None,
        cause=stopped.cause if stopped else "",
        fix=stopped.fix if stopped else "",
        system=describe(system),
        features=features,
        lessons=tuple(_lesson(lesson, missing, stopped is None) for lesson in course.LESSONS),
        labs=tuple(_lab(name, missing, stopped is None) for name in catalog.names()),
    )


def needs() -> dict[str, Need]:
    """All needs of the lab, the systems and the course, by name, in order."""
    folders = dict.fromkeys(module.rpartition(".")[0] for _, _, module in systems.DOORS)
    of_systems = [need for folder in folders for need in importlib.import_module(folder).NEEDS]
    return {need.name: need for need in (*lab_needs.NEEDS, *of_systems, *course.NEEDS, *course.NOTEBOOK)}


def run_probe() -> dict[str, Any]:
    """Runs `cnetkit.kernel.probe` and returns its output; if that fails, a result with the stage `broken`."""
    command = [sys.executable, "-m", "cnetkit.kernel.probe"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
        answer: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {"stage": "broken", "errno": 0, "features": {}}
    return answer


def describe(system: System) -> dict[str, str]:
    """What a bug report should contain: versions, the user, and the settings that affect namespaces."""
    settings = (
        "user/max_user_namespaces",
        "kernel/unprivileged_userns_clone",
        "kernel/apparmor_restrict_unprivileged_userns",
    )
    return {
        "cnetkit": version("cnetkit"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "user": "root" if os.geteuid() == 0 else "ordinary",
        "container": system.container,
        "seccomp": system.status("Seccomp"),
        "no_new_privs": system.status("NoNewPrivs"),
        "iptables-legacy": " ".join(system.read("proc/net/ip_tables_names").split()),
        **{name.replace("/", "."): system.read(f"proc/sys/{name}") for name in settings},
    }


def _stopped(answer: dict[str, Any], system: System) -> Refusal | None:
    if answer["stage"] == "ready":
        return None
    if answer["stage"] == "broken":
        return Refusal("the probe failed", "run `python -m cnetkit.kernel.probe` and report what it prints")
    return refusal(int(answer["errno"]), system, apparmor=answer["stage"] == "rights")


def _kernel(
    answers: dict[str, str], stopped: Refusal | None, system: System, wanted: dict[str, Need]
) -> tuple[Feature, ...]:
    if stopped is not None:
        return (Feature("namespaces", "kernel", False, "", stopped.cause, stopped.fix),)
    features = [Feature("namespaces", "kernel", True)]
    for name, cause in answers.items():
        need = wanted.get(name) or feature(name)
        if cause and need.program and not path(need.program):
            need = wanted[need.program]
        features.append(
            Feature(name, "kernel", not cause, "", cause, need.fix_under(system.container) if cause else "")
        )
    return tuple(features)


def _mode(missing: tuple[str, ...], live: bool, recorded: bool) -> str:
    if live and not missing:
        return "live"
    return "replay" if recorded else "cannot run"


def _lesson(lesson: course.CourseLesson, missing: set[str], live: bool) -> Readiness:
    lacking = tuple(need for need in lesson.needs if need in missing)
    notebooks = sorted(catalog.shipped("notebooks").glob(f"{lesson.number}-*.ipynb"))
    recorded = any(path.with_suffix(".cnetkit").is_file() for path in notebooks)
    mode = _mode(lacking, live, recorded) if notebooks else "not written"
    return Readiness(lesson.number, lesson.title, lesson.needs, lacking, mode)


def _lab(name: str, missing: set[str], live: bool) -> Readiness:
    entry = catalog.find(name)
    lacking = tuple(need for need in entry.needs if need in missing)
    return Readiness(name, entry.title, entry.needs, lacking, _mode(lacking, live, entry.session is not None))
