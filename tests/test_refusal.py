import errno
import os
from pathlib import Path

import pytest

from cnetkit.refusal import Refusal, System, refusal, why_no_sandbox


def tree(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return System(root)


STATUS = "Name:\tpython3\nNoNewPrivs:\t0\nSeccomp:\t{}\n"
CASES = {
    "a limit of zero is named with its sysctl": (
        errno.ENOSPC, {"proc/sys/user/max_user_namespaces": "0\n"}, "user.max_user_namespaces is 0",
        "sudo sysctl -w user.max_user_namespaces=15000"),
    "a limit on network namespaces is distinguished": (
        errno.ENOSPC, {"proc/sys/user/max_user_namespaces": "9", "proc/sys/user/max_net_namespaces": "0"},
        "user.max_net_namespaces is 0", "user.max_net_namespaces=15000"),
    "a limit that has been reached is not called zero": (
        errno.ENOSPC, {"proc/sys/user/max_user_namespaces": "9"}, "limit of user namespaces is reached",
        "outermost system"),
    "Debian's own setting is named": (
        errno.EPERM, {"proc/sys/kernel/unprivileged_userns_clone": "0"}, "unprivileged_userns_clone is 0",
        "sysctl -w kernel.unprivileged_userns_clone=1"),
    "Ubuntu's AppArmor restriction is named": (
        errno.EPERM, {"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, "AppArmor",
        "kernel.apparmor_restrict_unprivileged_userns=0"),
    "Docker's seccomp profile is named": (
        errno.EPERM, {"proc/self/status": STATUS.format(2), ".dockerenv": ""}, "docker's seccomp profile",
        "docker run --security-opt seccomp=unconfined"),
    "in a container its seccomp profile comes before the machine's AppArmor": (
        errno.EPERM, {"proc/self/status": STATUS.format(2), ".dockerenv": "",
                      "proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"},
        "docker's seccomp profile", "docker run --security-opt seccomp=unconfined"),
    "podman's seccomp profile is named": (
        errno.EPERM, {"proc/self/status": STATUS.format(2), "run/.containerenv": ""}, "podman's seccomp profile",
        "podman run --security-opt seccomp=unconfined"),
    "Kubernetes' seccomp profile is named": (
        errno.EPERM, {"proc/self/status": STATUS.format(2), "proc/1/cgroup": "0::/kubepods.slice"},
        "kubernetes's seccomp profile", "seccompProfile.type: Unconfined"),
    "outside of containers a seccomp filter is called a filter": (
        errno.EPERM, {"proc/self/status": STATUS.format(2)}, "a seccomp filter on this process", "without the filter"),
    "a chroot is named": (
        errno.EPERM, {"proc/self/status": STATUS.format(0), "proc/self/mountinfo": "1 0 8:1 / /proc rw - proc proc rw"},
        "inside a chroot", "outside of the chroot"),
    "an unexplained refusal is referred to the administrator": (
        errno.EPERM, {"proc/self/status": STATUS.format(0)}, "a security module", "administrator"),
    "a kernel without user namespaces is named": (errno.EINVAL, {}, "built without user namespaces", "CONFIG_USER_NS"),
    "any other error is quoted": (errno.EIO, {}, "EIO", "cnetkit doctor --json"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_refusal_has_its_cause_and_its_fix(case, tmp_path):
    number, files, cause, fix = CASES[case]
    explanation = refusal(number, tree(tmp_path, files))
    assert cause in explanation.cause
    assert fix in explanation.fix


@pytest.mark.parametrize("kind", ["user", "net", "mnt", "pid", "uts", "ipc", "cgroup"])
def test_a_limit_of_zero_on_any_namespace_of_the_sandbox_is_named(kind, tmp_path):
    assert Path(f"/proc/sys/user/max_{kind}_namespaces").exists()
    explanation = refusal(errno.ENOSPC, tree(tmp_path, {f"proc/sys/user/max_{kind}_namespaces": "0\n"}))
    assert explanation.cause == f"user.max_{kind}_namespaces is 0 on this system"
    assert explanation.fix == f"run `sudo sysctl -w user.max_{kind}_namespaces=15000`"


def test_rights_removed_after_unshare_mean_apparmor(tmp_path):
    assert "AppArmor" in refusal(errno.EACCES, System(tmp_path), apparmor=True).cause


def test_the_sentence_is_one_line_with_cause_and_fix():
    sentence = why_no_sandbox(errno.EPERM, apparmor=True)
    assert "\n" not in sentence
    assert "because AppArmor" in sentence
    assert "sudo sysctl" in sentence


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_number_is_explained(number, tmp_path):
    explanation = refusal(number, System(tmp_path))
    assert isinstance(explanation, Refusal)
    assert explanation.cause
    assert explanation.fix


def test_this_process_is_not_in_a_chroot():
    assert os.path.exists("/proc/self/mountinfo")
    assert not System().in_chroot
