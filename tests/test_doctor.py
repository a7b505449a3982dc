import errno
import json
import subprocess
import sys

import pytest

from cnetkit import course, doctor, equipment
from cnetkit.cli import checkup

WITHOUT_USER_NAMESPACES = "echo 0 > /proc/sys/user/max_user_namespaces; exec "
SECCOMP = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
# load the system call's number; unshare(2) fails with EPERM, all others are allowed (seccomp(2), linux/filter.h)
number = {"x86_64": 272, "aarch64": 97}[os.uname().machine]
code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program)))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, fprog, 0, 0) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def user_namespaces():
    if not doctor.examine().live:
        pytest.skip("labs cannot run live here")


def test_the_report_has_its_stable_shape():
    report = json.loads(doctor.examine().to_json())
    assert (report["format"], report["version"]) == ("cnetkit-doctor", 1)
    assert set(report) == {"format", "version", "live", "cause", "fix", "system", "features", "lessons", "labs"}
    assert set(report["features"][0]) == {"name", "group", "works", "detail", "cause", "fix"}
    assert set(report["lessons"][0]) == {"name", "title", "needs", "missing", "mode"}
    assert len(report["lessons"]) == len(course.LESSONS)


def test_no_feature_is_named_twice():
    names = [feature.name for feature in doctor.examine().features]
    assert len(names) == len(set(names))


def a_machine(monkeypatch, lacking=()):
    """One that has everything but what `lacking` names; `None`: it has nothing but namespaces."""
    wanted = doctor.needs().values()
    lacks = {need.name for need in wanted} if lacking is None else set(lacking)
    kernel = {
        need.name: "EPERM: Operation not permitted" * (need.name in lacks) for need in wanted if need.kind == "kernel"
    }
    searches = {
        kind: (lambda name: "" if name in lacks else "/usr/bin/it", cause, group)
        for kind, (_, cause, group) in equipment._SEARCHES.items()
    }
    monkeypatch.setattr(equipment, "_SEARCHES", searches)
    monkeypatch.setattr(doctor, "path", lambda program: "" if program in lacks else "/usr/bin/it")
    monkeypatch.setattr(doctor, "run_probe", lambda: {"stage": "ready", "errno": 0, "features": kernel})
    return doctor.examine()


@pytest.mark.parametrize("container", ["", "docker", "podman", "kubernetes"])
def test_everything_missing_has_a_cause_and_a_fix(container, monkeypatch):
    monkeypatch.setattr(doctor.System, "container", container)
    features = {feature.name: feature for feature in a_machine(monkeypatch, None).features}
    assert features.keys() == {"namespaces", *doctor.needs()}
    assert [name for name, feature in features.items() if feature.works] == ["namespaces"]
    assert all(feature.cause and feature.fix for name, feature in features.items() if name != "namespaces")


def test_what_works_has_no_cause_and_no_fix(monkeypatch):
    report = a_machine(monkeypatch)
    assert report.live
    assert all(feature.works and not feature.cause and not feature.fix for feature in report.features)
    assert {row.mode for row in (*report.lessons, *report.labs)} <= {"live", "not written"}
    assert {row.mode for row in report.labs} == {"live"}


@pytest.mark.parametrize("need", sorted({need for lesson in course.LESSONS for need in lesson.needs}))
def test_only_what_needs_something_that_is_missing_is_not_live(need, monkeypatch):
    report = a_machine(monkeypatch, [need])
    stopped = doctor.needs()[need].core
    assert report.live is not stopped
    for row in (*report.lessons, *report.labs):
        assert row.missing == ((need,) if need in row.needs else ())
        if row.mode != "not written":
            assert row.mode in (["replay", "cannot run"] if need in row.needs or stopped else ["live"])


def test_exit_status_zero_means_that_labs_run_live():
    done = run(sys.executable, "-m", "cnetkit", "doctor", "--json")
    assert done.returncode == (0 if json.loads(done.stdout)["live"] else 1)


@pytest.mark.usefixtures("user_namespaces")
def test_without_user_namespaces_the_limit_is_named():
    done = run("unshare", "-Ur", "sh", "-c", WITHOUT_USER_NAMESPACES + f"{sys.executable} -m cnetkit doctor --json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["cause"] == "user.max_user_namespaces is 0 on this system"
    assert "sysctl -w user.max_user_namespaces=15000" in report["fix"]
    assert all(row["mode"] != "live" for row in report["lessons"] + report["labs"])


@pytest.mark.usefixtures("user_namespaces")
def test_under_a_seccomp_profile_the_container_option_is_named():
    done = run(sys.executable, "-c", SECCOMP, "-m", "cnetkit", "doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert "seccomp" in report["cause"]
    assert "seccomp=unconfined" in report["fix"]


def test_rights_removed_by_apparmor_are_recognized(monkeypatch):
    monkeypatch.setattr(doctor, "run_probe", lambda: {"stage": "rights", "errno": errno.EPERM, "features": {}})
    assert "AppArmor" in doctor.examine().cause


def test_a_missing_core_program_stops_live_labs(monkeypatch):
    answer = {"stage": "ready", "errno": 0, "features": {"veth": "EOPNOTSUPP: Operation not supported"}}
    monkeypatch.setattr(doctor, "run_probe", lambda: answer)
    report = doctor.examine()
    assert not report.live
    assert report.cause.startswith("veth")
    assert "modprobe veth" in report.fix


def test_a_failed_probe_is_reported(monkeypatch):
    monkeypatch.setattr(doctor.sys, "executable", "/bin/false")
    assert "probe" in doctor.examine().cause


def test_the_text_names_cause_and_fix(monkeypatch):
    monkeypatch.setattr(doctor, "run_probe", lambda: {"stage": "rights", "errno": errno.EPERM, "features": {}})
    report = doctor.examine()
    text = checkup.text(report)
    assert report.cause in text
    assert report.fix in text


@pytest.mark.parametrize(
    ("container", "fix"),
    [("docker", "systempaths=unconfined"), ("podman", "unmask=ALL"), ("kubernetes", "procMount"), ("", "run outside")],
)
def test_the_container_option_that_unmasks_sys_is_named(container, fix, monkeypatch):
    answer = {"stage": "ready", "errno": 0, "features": {"mount-sysfs": "EPERM: Operation not permitted"}}
    monkeypatch.setattr(doctor, "run_probe", lambda: answer)
    monkeypatch.setattr(doctor.System, "container", container)
    (feature,) = (feature for feature in doctor.examine().features if feature.name == "mount-sysfs")
    assert fix in feature.fix


@pytest.mark.parametrize(("tables", "shown"), [("filter nat", True), ("", False)])
def test_tables_of_iptables_legacy_are_named(tables, shown, monkeypatch):
    monkeypatch.setattr(doctor, "run_probe", lambda: {"stage": "broken", "errno": 0, "features": {}})
    report = doctor.examine()
    report.system["iptables-legacy"] = tables
    assert ("iptables-legacy has tables here (filter nat)" in checkup.text(report)) is shown
