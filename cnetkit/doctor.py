"""Finds out what this system allows and has, and says for each lesson and lab: live, replay, or what to do about it.

The kernel is asked by `cnetkit.kernel.probe`, in a process of its own; this module adds programs, packages and advice.
It changes nothing. How a report is printed is the command line's business.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from cnetkit import catalog, course
from cnetkit.equipment import PROGRAMS, Feature, packages, programs, version
from cnetkit.refusal import Refusal, System, refusal

CORE = ("namespaces", "mount-private", "veth", "bridge", "capture")
CORE_PROGRAMS = ("libnftables", "iptables-nft-restore")
MODULES = {
    "conntrack": "nf_conntrack_netlink", "nft-nat": "nft_masq", "nft-trace": "nf_tables",
    "nft-numgen": "nft_numgen", "iptables-nat": "xt_MASQUERADE", "iptables-statistic": "xt_statistic",
    "gre": "ip_gre", "gretap": "ip_gre", "vlan": "8021q", "netem": "sch_netem", "ipvs": "ip_vs", "capture": "af_packet",
}  # fmt: skip
"""The kernel module behind a feature, where it is not called like the feature."""

UNMASK = {
    "docker": "start the container with `docker run --security-opt systempaths=unconfined ...`",
    "podman": "start the container with `podman run --security-opt unmask=ALL ...`",
    "kubernetes": "set `securityContext.procMount: Unmasked` for the container, and `hostUsers: false` in the pod",
}
"""What shows all of /proc and /sys in a container: a /proc or /sys of one's own is refused where parts of it are hidden
(mount_namespaces(7)). That Docker's /sys is read-only is no hindrance: ours is then, too."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """One lesson or lab, and how it runs here: live, replay, `cannot run` (no recording either), or `not written`."""

    name: str
    title: str
    needs: tuple[str, ...]
    missing: tuple[str, ...]
    mode: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `cnetkit doctor --json` prints, version 1: fields are added, never renamed."""

    live: bool
    """Whether a lab can be built here."""
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
    """Probes this system and puts everything together. Takes less than a second."""
    answer = run_probe()
    system = System()
    stopped = _stopped(answer, system)
    features = (*_kernel(answer["features"], stopped, system), *programs(), *packages())
    if stopped is None:
        stopped = next(
            (Refusal(f"{f.name}: {f.cause}", f.fix) for f in features if f.name in _core() and not f.works), None
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


def run_probe() -> dict[str, Any]:
    """Runs `cnetkit.kernel.probe` and returns what it prints; a probe that broke counts as stage `broken`."""
    command = [sys.executable, "-m", "cnetkit.kernel.probe"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
        answer: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {"stage": "broken", "errno": 0, "features": {}}
    return answer


def describe(system: System) -> dict[str, str]:
    """What a report of a problem needs to name: versions, the user, and the settings that decide over namespaces."""
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
        **{name.replace("/", "."): system.read(f"proc/sys/{name}") for name in settings},
    }


def _core() -> tuple[str, ...]:
    return (*CORE, *CORE_PROGRAMS)


def _stopped(answer: dict[str, Any], system: System) -> Refusal | None:
    if answer["stage"] == "ready":
        return None
    if answer["stage"] == "broken":
        return Refusal(
            "the probe ended without an answer", "run `python -m cnetkit.kernel.probe` and report what it prints"
        )
    return refusal(int(answer["errno"]), system, apparmor=answer["stage"] == "rights")


def _kernel(answers: dict[str, str], stopped: Refusal | None, system: System) -> tuple[Feature, ...]:
    if stopped is not None:
        return (Feature("namespaces", "kernel", False, "", stopped.cause, stopped.fix),)
    return (
        Feature("namespaces", "kernel", True),
        *(
            Feature(name, "kernel", not words, "", words, _advice(name, words, system) if words else "")
            for name, words in answers.items()
        ),
    )


def _advice(name: str, words: str, system: System) -> str:
    program = words.partition(" is not installed")[0]
    if program in PROGRAMS:
        return f"run `sudo apt-get install {PROGRAMS[program]}`"
    if name in ("mount-proc", "mount-sysfs"):
        return UNMASK.get(system.container, "run outside of the container that hides parts of /proc and /sys")
    if name == "tun":
        return "run `sudo modprobe tun && sudo chmod 666 /dev/net/tun`, or give the container `--device /dev/net/tun`"
    if name.startswith("mount-"):
        return "run outside of the container or the policy that forbids mounting"
    module = MODULES.get(name, name)
    return f"run `sudo modprobe {module}` (if that fails, this kernel is built without it)"


def _mode(missing: tuple[str, ...], live: bool, recorded: bool) -> str:
    if live and not missing:
        return "live"
    return "replay" if recorded else "cannot run"


def _lesson(lesson: course.Lesson, missing: set[str], live: bool) -> Readiness:
    lacking = tuple(need for need in lesson.needs if need in missing)
    notebooks = sorted(catalog.shipped("notebooks").glob(f"{lesson.number}-*.ipynb"))
    recorded = any(path.with_suffix(".cnetkit").is_file() for path in notebooks)
    mode = _mode(lacking, live, recorded) if notebooks else "not written"
    return Readiness(lesson.number, lesson.title, lesson.needs, lacking, mode)


def _lab(name: str, missing: set[str], live: bool) -> Readiness:
    entry = catalog.find(name)
    lacking = tuple(need for need in entry.needs if need in missing)
    return Readiness(name, entry.title, entry.needs, lacking, _mode(lacking, live, entry.session is not None))
