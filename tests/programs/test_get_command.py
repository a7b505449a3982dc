"""`cnetkit get` as it is typed: what it prints, and its exit status."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cnetkit import cli, programs
from cnetkit.programs import sets
from tests.programs.conftest import BASE, TINY
from tests.programs.repository import serving

COMMAND = f"""
import sys
from cnetkit import cli
from cnetkit.programs import sets
sets.SETS, sets.BASE = (sets.{TINY!r},), {BASE!r}
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.fixture
def source(repository, key):
    return ["--mirror", f"copy:{repository.folder}", "--keyring", str(key.public)]


def test_it_says_what_it_fetches_then_how_far_it_is_then_where_it_is(source, cache, capsys):
    assert cli.main(["get", "tiny", *source]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"tiny-1: 3 packages, \d+ MB to fetch, \d+ MB unpacked", next(line for line in lines if ":" in line)
    )
    assert [line.split("%")[0].strip() for line in lines if "unpacking" in line][-1] == "unpacking 100"
    assert lines[-2].startswith(f"tiny-1 is in {cache}/programs/tiny-1, ")


def test_on_a_terminal_it_draws_bars(source, repository, cache):
    reader, writer = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "get", "tiny", *source],
        stdout=writer,
        stderr=writer,
        env=os.environ | {"TERM": "xterm"},
    ) as process:
        os.close(writer)
        drawn = b""
        try:
            while chunk := os.read(reader, 4096):
                drawn += chunk
        except OSError:  # the terminal's other end is closed
            pass
    os.close(reader)
    assert process.returncode == 0, drawn
    text = drawn.decode()
    assert all(word in text for word in ("package list", "download", "unpacking", "100%", "tiny-1 is in"))


def test_the_list_shows_what_can_be_had_and_what_is_here(source, capsys):
    assert cli.main(["get", "--list"]) == 0
    assert "tiny-1  a program for tests  about 1 MB to fetch, 1 MB unpacked" in capsys.readouterr().out
    cli.main(["get", "tiny", *source])
    cli.main(["get", "--list"])
    assert "tiny-1  a program for tests  here, 0 MB" in capsys.readouterr().out


def test_the_list_shows_what_an_older_table_had_and_unfinished_downloads(source, cache, capsys):
    (cache / "programs/old-9/usr").mkdir(parents=True)
    kept = cache / "apt/some-suite/archives/partial/it.deb"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(3_000_000))
    cli.main(["get", "--list"])
    printed = capsys.readouterr().out
    assert "old-9" in printed
    assert "3 MB of interrupted downloads are kept" in printed


def test_removing_says_what_is_free_again(source, capsys):
    cli.main(["get", "tiny", *source])
    assert cli.main(["get", "tiny", "--remove"]) == 0
    assert "tiny-1 is removed" in capsys.readouterr().out
    assert programs.here() == []
    assert cli.main(["get", "--remove", "tiny"]) == 1
    assert "tiny-1 is not here" in capsys.readouterr().err


def test_a_folder_made_elsewhere_is_given_by_from(source, tmp_path, capsys):
    cli.main(["get", "tiny", *source])
    elsewhere = programs.root("tiny").rename(tmp_path / "elsewhere")
    assert cli.main(["get", "tiny", "--from", str(elsewhere)]) == 0
    assert programs.root("tiny").is_dir()


@pytest.mark.parametrize(
    "arguments", [[], ["--remove"], ["--list", "tiny"], ["--list", "--remove"], ["tiny", "--remove", "--from", "x"]]
)
def test_what_makes_no_sense_is_bad_use(arguments, machine, capsys):
    assert cli.main(["get", *arguments]) == 2
    assert capsys.readouterr().err.startswith("cnetkit: ")


def test_an_unknown_name_points_to_the_list(machine, capsys):
    assert cli.main(["get", "../etc"]) == 1
    assert "`cnetkit get --list`" in capsys.readouterr().err


def test_ctrl_c_ends_it_with_one_sentence_and_no_process_left(repository, key, cache):
    with serving(repository.folder, hold="/tiny.deb") as mirror:
        options = ["--mirror", mirror.uri, "--keyring", str(key.public)]
        # What a shell runs in the background, as these tests may be, ignores SIGINT.
        command = ["env", "--default-signal=INT", sys.executable, "-c", COMMAND, "get", "tiny", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert mirror.asked.wait(120), process.communicate()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors == "Stopped. What was downloaded is kept: `cnetkit get tiny` goes on there.\n"
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert [line for line in commands if str(cache).encode() in line] == []


def test_a_set_of_debians_own_mirror_is_fetched_and_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shell = sets.ProgramSet("shell", "0.5", "bookworm", "dash", "dash", "", 4, 14)
    monkeypatch.setattr(sets, "SETS", (shell,))
    monkeypatch.setattr(sets, "BASE", "")
    assert cli.main(["get", "shell"]) == 0
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "chroot",
        str(programs.root("shell")),
        "/bin/sh",
        "-c",
        "echo $((6 * 7))",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "42\n"
    (present,) = programs.here()
    assert {"dash", "libc6"} <= present.packages.keys()
