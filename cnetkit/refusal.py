"""Explains why this system refuses a sandbox, and what to do about it, from the error and files in /proc, /sys and /.

It tries nothing and changes nothing: `cnetkit.kernel.probe` tries, and its error number is explained here. Sources:
user_namespaces(7), namespaces(7), unshare(2), seccomp(2), the documentation of Ubuntu's and Debian's own settings.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

LIMITS = ("user", "net", "mnt", "pid", "uts", "ipc", "cgroup")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`cause`: why the system refuses, as a clause. `fix`: what to do, with the command to type."""

    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class System:
    """Reads the files of a system. `root` is `/`, or a made-up tree in tests."""

    root: Path = Path("/")

    def read(self, path: str) -> str:
        """A file's text without surrounding whitespace; empty if it is missing or unreadable."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def status(self, field: str) -> str:
        """A field of /proc/self/status, such as `Seccomp` (2: a filter) or `NoNewPrivs`; empty if it is missing."""
        for line in self.read("proc/self/status").splitlines():
            if line.startswith(f"{field}:"):
                return line.partition(":")[2].strip()
        return ""

    @property
    def container(self) -> str:
        """The container engine that this process seems to run under: docker, podman, kubernetes, or empty."""
        if (self.root / "run/.containerenv").exists():
            return "podman"
        groups = self.read("proc/1/cgroup")
        if "kubepods" in groups or (self.root / "var/run/secrets/kubernetes.io").exists():
            return "kubernetes"
        return "docker" if (self.root / ".dockerenv").exists() or "docker" in groups else ""

    @property
    def in_chroot(self) -> bool:
        """Whether this process's / is not a mount point; unshare(2) then fails with EPERM."""
        mounts = self.read("proc/self/mountinfo").splitlines()
        return bool(mounts) and not any(line.split(" ")[4:5] == ["/"] for line in mounts)


def refusal(number: int, system: System | None = None, *, apparmor: bool = False) -> Refusal:
    """Explains error `number` (errno.ENOSPC, errno.EPERM, ...) from creating the sandbox's namespaces.

    `apparmor`: unshare(2) succeeded, but the new namespace had no rights, which only AppArmor does.
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
    """The explanation as a sentence for an error message: the cause, then the fix."""
    explanation = refusal(number, apparmor=apparmor)
    return f"no sandbox can be built here, because {explanation.cause}; {explanation.fix}"


def _limit(system: System) -> Refusal:
    for kind in LIMITS:
        if system.read(f"proc/sys/user/max_{kind}_namespaces") == "0":
            name = f"user.max_{kind}_namespaces"
            return Refusal(f"{name} is 0 on this system", f"run `sudo sysctl -w {name}=15000`")
    return Refusal(
        "the limit of user namespaces is reached (the limits of outer namespaces count too, and 32 levels of nesting)",
        "run `sudo sysctl -w user.max_user_namespaces=15000` on the outermost system, or end programs that use them",
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
            "AppArmor denies all rights in user namespaces to ordinary programs (Ubuntu 23.10 and later)",
            "run `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`",
        )
    if filtered:
        return _seccomp(system)
    if system.in_chroot:
        return Refusal("user namespaces cannot be created inside a chroot", "run cnetkit outside of the chroot")
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
