import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from cnetkit import cli
from cnetkit.cli import labs, output, running
from cnetkit.model import CnetkitError


def cnetkit(*arguments, **options):
    command = [sys.executable, "-m", "cnetkit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.mark.parametrize(
    "arguments", [[], ["frob"], ["run"], ["run", "nosuch"], ["inspect"], ["doctor", "--frob"], ["shell", "demo"]]
)
def test_bad_use_is_one_sentence_and_status_two(arguments, capsys):
    assert cli.main(arguments) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("cnetkit: ")
    assert written.err.count("\n") == 1


def test_an_unknown_lab_gets_the_closest_name_as_a_hint(capsys):
    cli.main(["run", "port-maping"])
    assert "port-mapping" in capsys.readouterr().err


def test_two_exports_cannot_share_standard_output(capsys):
    assert cli.main(["run", "port-mapping", "--json", "-", "--html", "-"]) == 2
    assert "standard output" in capsys.readouterr().err


def test_a_missing_directory_is_found_before_any_work(capsys):
    assert cli.main(["run", "port-mapping", "--html", "/nowhere/at/all.html"]) == 1
    assert "/nowhere/at" in capsys.readouterr().err


def test_replay_and_record_exclude_each_other(capsys, monkeypatch, tmp_path):
    entry = types.SimpleNamespace(name="one", title="One", question="?", session=tmp_path / "session.cnetkit")
    monkeypatch.setattr(labs, "_entry", lambda name: entry)
    assert cli.main(["run", "one", "--replay", "--record", "x"]) == 2
    assert "--record" in capsys.readouterr().err


def test_replay_without_a_recording_is_refused(capsys, monkeypatch):
    entry = types.SimpleNamespace(name="one", title="One", question="?", session=None)
    monkeypatch.setattr(labs, "_entry", lambda name: entry)
    assert cli.main(["run", "one", "--replay"]) == 1
    assert "no recording" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (CnetkitError("the lab is full; stop one"), 1, "cnetkit: the lab is full; stop one\n"),
        (
            FileNotFoundError(2, "No such file or directory", "a.pcap"),
            1,
            "cnetkit: a.pcap: No such file or directory\n",
        ),
        (KeyError("x"), 1, "cnetkit: this is a bug in cnetkit: KeyError: 'x' (set CNETKIT_DEBUG=1 to see where)\n"),
        (CnetkitError("two\nlines"), 1, "cnetkit: two lines\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_every_error_is_one_line(error, status, words, capsys, monkeypatch):
    def fail(_):
        raise error

    monkeypatch.setattr(labs, "show_list", fail)
    monkeypatch.delenv("CNETKIT_DEBUG", raising=False)
    assert cli.main(["list"]) == status
    assert capsys.readouterr().err == words


def test_a_traceback_is_shown_on_request(monkeypatch):
    monkeypatch.setattr(labs, "show_list", lambda _: {}["x"])
    monkeypatch.setenv("CNETKIT_DEBUG", "1")
    with pytest.raises(KeyError):
        cli.main(["list"])


@pytest.mark.parametrize("words", ["doctor --json | true", "inspect --all tests/data/truth/portmap.pcapng | head -1"])
def test_a_closed_pipe_is_not_an_error(words):
    command = f"{sys.executable} -m cnetkit {words}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


def test_the_list_names_every_lab_with_its_title():
    done = cnetkit("list")
    assert done.returncode == 0
    assert "port-mapping" in done.stdout


def test_the_version_is_printed():
    assert cnetkit("--version").stdout.startswith("cnetkit ")


@pytest.mark.parametrize("command", ["doctor", "list", "run", "inspect", "ps", "shell"])
def test_each_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"cnetkit {command}" in capsys.readouterr().out


class Written:
    """A trace that writes its kind's name."""

    def to_json(self):
        return b"{}"

    def to_html(self, path):
        path.write_bytes(b"<html>")

    def save(self, path):
        path.write_bytes(b"\n\r\r\n")


def test_exports_go_to_files_and_to_standard_output(tmp_path, capsysbinary):
    output.export(Written(), {"json": str(tmp_path / "a.json"), "html": str(tmp_path / "a.html"), "pcapng": "-"})
    assert (tmp_path / "a.json").read_bytes() == b"{}"
    assert (tmp_path / "a.html").read_bytes() == b"<html>"
    assert capsysbinary.readouterr().out == b"\n\r\r\n"


def fake_sandbox(monkeypatch, **names):
    module = types.ModuleType("cnetkit.sandbox")
    for name, value in names.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "cnetkit.sandbox", module)


def test_running_labs_are_listed(monkeypatch, capsys):
    lab = types.SimpleNamespace(name="demo", pid=7, user=0, started_ns=0, nodes=("dock", "web"))
    fake_sandbox(monkeypatch, running=lambda: [lab])
    running.show_running(None)
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["demo", "7", "root"]


def test_a_shells_status_is_the_commands_status(monkeypatch):
    calls = []
    fake_sandbox(monkeypatch, shell=lambda *words: calls.append(words) or 3)
    assert cli.main(["shell", "demo", "web", "--", "ip", "-4", "addr"]) == 3
    assert calls == [("demo", "web", ["ip", "-4", "addr"])]


def test_a_shell_needs_a_lab_and_a_node_only(capsys):
    assert cli.main(["shell"]) == 2
    assert "required: LAB, NODE;" in capsys.readouterr().err


CAPTURE = Path(__file__).parent / "data" / "truth" / "portmap.pcapng"


def test_inspect_shows_and_writes_only_what_is_selected(tmp_path):
    done = cnetkit(
        "inspect", str(CAPTURE), "--select", "tcp.flags.reset == 0 and changed(ip.dst) and journey < 9", "--json", "-"
    )
    assert done.returncode == 0
    assert "Selected, of these frames: tcp.flags.reset == 0" in done.stderr
    document = json.loads(done.stdout)
    assert document["journeys"]
    assert all(any(c["field"] == "ip.dst" for h in j["hops"] for c in h["changes"]) for j in document["journeys"])
    assert all(j["id"] < 9 for j in document["journeys"])


@pytest.mark.parametrize("out", [True, False])
@pytest.mark.parametrize("err", [True, False])
def test_what_could_not_be_read_is_on_standard_error_unless_both_are_one_terminal(
    out, err, tmp_path, capsys, monkeypatch
):
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(CAPTURE.read_bytes()[:-5])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: out)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: err)
    assert cli.main(["inspect", str(cut)]) == 0
    written = capsys.readouterr()
    assert "the rest was not read" in " ".join(written.out.split())
    assert written.err.count("the rest was not read") == (not (out and err))


def test_what_could_not_be_read_is_reported_once_beside_an_export(tmp_path):
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(CAPTURE.read_bytes()[:-5])
    done = cnetkit("inspect", str(cut), "--json", "-", env={**os.environ, "COLUMNS": "500"})
    assert json.loads(done.stdout)["journeys"]
    assert done.stderr.count("the rest was not read") == 1


def test_a_wrong_selection_is_bad_use_and_points_at_the_place(capsys):
    assert cli.main(["inspect", str(CAPTURE), "--select", "tcp.prt == 80"]) == 2
    assert "at character 1: 'tcp.prt' is not a field: write 'tcp.port'" in capsys.readouterr().err
