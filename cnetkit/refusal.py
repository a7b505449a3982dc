"""Why this system refuses a sandbox, and the exact thing to do about it. Reads files of /proc, /sys and / only.

It tries nothing and changes nothing: `cnetkit.kernel.probe` tries, and hands the error's number to this module.
Sources: user_namespaces(7), namespaces(7), unshare(2), seccomp(2), Ubuntu's and Debian's notes on their own settings.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

LIMITS = ("user", "net", "mnt", "pid", "uts", "ipc", "cgroup")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`cause`: a clause saying what stands in the way. `fix`: what to do, with the command to type."""

    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class System:
    """What the files of one system say. `root` is `/`, or a made-up tree in tests."""

    root: Path = Path("/")

    def read(self, path: str) -> str:
        """The file's text without blanks around it; empty where it is missing or may not be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def status(self, field: str) -> str:
        """One field of /proc/self/status, such as `Seccomp` (2: a filter) or `NoNewPrivs`; empty if unknown."""
        for line in self.read("proc/self/status").splitlines():
            if line.startswith(f"{field}:"):
                return line.partition(":")[2].strip()
        return ""

    @property
    def container(self) -> str:
        """Which container engine this seems to run in: docker, podman, kubernetes, or empty."""
        if (self.root / "run/.containerenv").exists():
            return "podman"
        groups = self.read("proc/1/cgroup")
        if "kubepods" in groups or (self.root / "var/run/secrets/kubernetes.io").exists():
            return "kubernetes"
        return "docker" if (self.root / ".dockerenv").exists() or "docker" in groups else ""

    @property
    def in_chroot(self) -> bool:
        """Whether this process's / is not where a file system is mounted (then unshare(2) says EPERM)."""
        mounts = self.read("proc/self/mountinfo").splitlines()
        return bool(mounts) and not any(line.split(" ")[4:5] == ["/"] for line in mounts)


def refusal(number: int, system: System | None = None, *, apparmor: bool = False) -> Refusal:
    """What stands behind error `number` (errno.ENOSPC, errno.EPERM, ...) of building the sandbox's namespaces.

    `apparmor`: unshare(2) succeeded, and the new namespace then had no rights: only AppArmor does so.
    """
    system = system or System()
    if number in (errno.ENOSPC, errno.EUSERS):
        return _limit(system)
    if number == errno.EINVAL and not (system.root / "proc/self/ns/user").exists():
        return Refusal("this kernel is built without user namespaces", "use a kernel with CONFIG_USER_NS=y")
    if number in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        return _forbidden(system, apparmor)
    return Refusal(
        f"making namespaces failed with {errno.errorcode.get(number, number)} ({os.strerror(number)})",
        "run `cnetkit doctor --json` and report what it prints",
    )


def why_no_sandbox(number: int, *, apparmor: bool = False) -> str:
    """The same as one sentence for an error message: the cause, then the fix."""
    found = refusal(number, apparmor=apparmor)
    return f"no sandbox can be built here, because {found.cause}; {found.fix}"


def _limit(system: System) -> Refusal:
    for kind in LIMITS:
        if system.read(f"proc/sys/user/max_{kind}_namespaces") == "0":
            name = f"user.max_{kind}_namespaces"
            return Refusal(f"{name} is 0 on this system", f"run `sudo sysctl -w {name}=15000`")
    return Refusal(
        "the limit of user namespaces is reached (a parent's limit counts too, and so do 32 levels of nesting)",
        "run `sudo sysctl -w user.max_user_namespaces=15000` on the outermost system, or end what uses them up",
    )


def _forbidden(system: System, apparmor: bool) -> Refusal:
    if system.read("proc/sys/kernel/unprivileged_userns_clone") == "0":
        return Refusal(
            "kernel.unprivileged_userns_clone is 0", "run `sudo sysctl -w kernel.unprivileged_userns_clone=1`"
        )
    filtered = system.status("Seccomp") == "2"
    if filtered and system.container and not apparmor:
        return _seccomp(system)
    if apparmor or system.read("proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return Refusal(
            "AppArmor takes all rights away from user namespaces of ordinary programs (Ubuntu 23.10 and later)",
            "run `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`",
        )
    if filtered:
        return _seccomp(system)
    if system.in_chroot:
        return Refusal("user namespaces cannot be made inside a chroot", "run cnetkit outside of it")
    return Refusal(
        "a security module of this system forbids user namespaces",
        "ask its administrator to allow them for you (SELinux: the user_namespace class; other modules: their log)",
    )


def _seccomp(system: System) -> Refusal:
    fixes = {
        "docker": "start the container with `docker run --security-opt seccomp=unconfined ...`",
        "podman": "start the container with `podman run --security-opt seccomp=unconfined ...`",
        "kubernetes": "set `securityContext.seccompProfile.type: Unconfined` in the pod",
    }
    where = f"{system.container}'s seccomp profile" if system.container else "a seccomp filter on this process"
    fallback = "start it without the filter (in Docker: `docker run --security-opt seccomp=unconfined ...`)"
    return Refusal(f"{where} forbids user namespaces", fixes.get(system.container, fallback))
