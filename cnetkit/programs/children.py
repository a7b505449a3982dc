"""Runs apt, dpkg and tar so that none outlives this process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended, and what it wrote."""

    status: int
    output: str
    errors: str

    @property
    def words(self) -> str:
        """What it wrote to standard error, on one line, without repetitions."""
        return " ".join(dict.fromkeys(line.strip() for line in self.errors.splitlines() if line.strip()))


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    settings: Mapping[str, str] | None = None,
    heard: Callable[[str], object] | None = None,
) -> Finished:
    """Runs a program to its end, in English, and kills it if this process is interrupted or killed.

    `settings` are added to the environment. `heard` gets each line of standard output as it comes.
    """
    with tempfile.TemporaryFile() as errors:
        process = start(command, cwd=cwd, settings=settings, errors=errors)
        assert process.stdout is not None  # noqa: S101 - for mypy: `start` opens a pipe
        lines = []
        with stopped(process):
            for line in process.stdout:
                lines.append(line)
                if heard:
                    heard(line.decode(errors="replace"))
            process.wait()
        errors.seek(0)
        return Finished(
            process.returncode, b"".join(lines).decode(errors="replace"), errors.read().decode(errors="replace")
        )


def start(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    settings: Mapping[str, str] | None = None,
    errors: IO[bytes] | None = None,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Starts a program. The kernel kills it if the thread that calls this ends first."""
    return subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C", **(settings or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=errors,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - two system calls, no locks
    )


@contextlib.contextmanager
def stopped(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kills the programs on the way out, if they still run."""
    try:
        yield
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.umask(0o022)
