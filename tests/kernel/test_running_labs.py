"""Running labs are listed and entered from any terminal of the same user, but not of other users."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from cnetkit.sandbox import running, shell

SHELL = "import sys; from cnetkit.sandbox import shell; sys.exit(shell(sys.argv[1], sys.argv[2], sys.argv[3:]))"


def _shell(*arguments: str, input_: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SHELL, *arguments], input=input_, capture_output=True, text=True, timeout=20, check=False
    )


def test_running_labs_are_listed_with_their_nodes(dock):
    mine = [lab for lab in running() if lab.client == os.getpid()]
    assert [(lab.name, lab.nodes) for lab in mine] == [("test", ("dock", "web", "client", "outside"))]


def test_a_closed_lab_is_not_listed():
    Lab("gone").close()
    assert "gone" not in {lab.name for lab in running()}


def test_a_command_runs_in_a_node_and_its_status_is_returned(dock):
    done = _shell("test", "web", "sh", "-c", "hostname; echo no >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == ("web\n", "no\n", 7)


def test_input_goes_to_the_command(dock):
    assert _shell("test", "web", "cat", input_="through\n").stdout == "through\n"


def test_a_shell_has_a_real_terminal(dock):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", SHELL, "test", "web"])
    output = _until(terminal, b"web:")
    os.write(terminal, b"tty; stty size; hostname; exit 5\n")
    output += _until(terminal, b"exit\r\n")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    assert b"/dev/pts/" in output
    assert b"\r\nweb\r\n" in output
    assert status == 5


def _until(terminal: int, wanted: bytes) -> bytes:
    output = b""
    end = time.monotonic() + 10
    while wanted not in output and time.monotonic() < end and select.select([terminal], [], [], 10)[0]:
        try:
            output += os.read(terminal, 4096)
        except OSError:
            break
    return output


def test_wrong_names_are_refused_with_one_sentence(dock):
    with pytest.raises(CnetkitError, match=r"no lab .nolab. of yours is running; these are: .*test"):
        shell("nolab", "web")
    with pytest.raises(CnetkitError, match="no node 'nonode'"):
        shell("test", "nonode")


def test_two_labs_with_the_same_name_are_distinguished_by_pid():
    with Lab("twin") as one, Lab("twin"):
        one.host("only")
        with pytest.raises(CnetkitError, match=r"2 labs of yours are called 'twin': say twin@\d+ or twin@\d+"):
            shell("twin", "only")
        pid = next(lab.pid for lab in running() if lab.nodes == ("only",))
        assert _shell(f"twin@{pid}", "only", "hostname").stdout == "only\n"


def test_a_shell_ends_with_its_lab():
    with Lab("short") as lab:
        lab.host("h")
        inside = subprocess.Popen(
            [sys.executable, "-c", SHELL, "short", "h", "sleep", "1000"], stderr=subprocess.PIPE, text=True
        )
        time.sleep(1)
    assert "the lab has ended" in inside.communicate(timeout=10)[1]


if os.getuid() == 0:  # only root can become another user

    def test_another_user_cannot_connect(dock):
        listed = Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()
        socket = next(line.rpartition("@")[2] for line in listed if "@cnetkit/0/" in line)
        connect = (
            "import os, socket, sys; os.setgid(65534); os.setuid(65534); s = socket.socket(socket.AF_UNIX);"
            "s.connect('\\0' + sys.argv[1]); print(s.recv(10))"
        )
        done = subprocess.run(
            [sys.executable, "-c", connect, socket], capture_output=True, text=True, timeout=10, check=False
        )
        assert done.stdout == "b''\n" or "ConnectionReset" in done.stderr
