"""A recorded session gives the recorded answers, and only to the recorded requests."""

from __future__ import annotations

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from tests.kernel.conftest import Dock

ASK = "curl -s http://203.0.113.1:8080/"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("session") / "session.cnetkit"
    with Lab("port", record=path) as lab:
        dock = Dock(lab)
        with lab.trace() as trace:
            answer = dock.outside.run(ASK, check=True)
        trace.to_json()
    return path, answer, trace


def test_the_same_requests_give_the_same_journeys(recorded):
    path, answer, live = recorded
    with Lab("port", replay=path) as lab:
        dock = Dock(lab)
        with lab.trace() as trace:
            assert dock.outside.run(ASK) == answer
    assert trace.to_json() == live.to_json()
    assert trace.recording.replayed.startswith("a recording made on 20")
    assert "Linux" in lab.replayed


def test_an_unrecorded_request_is_refused_and_recorded_ones_still_work(recorded):
    path, answer, _ = recorded
    with Lab("port", replay=path) as lab:
        dock = Dock(lab)
        with lab.trace():
            with pytest.raises(CnetkitError, match="has no answer to: run 'echo something else' in outside"):
                dock.outside.run("echo something else")
            assert dock.outside.run(ASK) == answer


def test_a_recorded_command_may_be_skipped_but_not_a_step_of_building(recorded, tmp_path):
    path = tmp_path / "more.cnetkit"
    with Lab("port", record=path) as lab:
        host = lab.host("one")
        for word in ("first", "second"):
            host.run(f"echo {word}")
        lab.host("two")
        host.run("echo third")
    with Lab("port", replay=path) as lab:
        host = lab.host("one")
        with pytest.raises(CnetkitError, match="has no answer to: run 'echo mine' in one"):
            host.run("echo mine")
        assert host.run("echo second").output == "second\n"
        with pytest.raises(CnetkitError, match="has no answer to: run 'echo third'"):
            host.run("echo third")
        lab.host("two")
        assert host.run("echo third").output == "third\n"


def test_another_network_is_refused(recorded):
    with Lab("port", replay=recorded[0]) as lab, pytest.raises(CnetkitError, match="no answer to: build AddNode other"):
        lab.host("other")


def test_a_session_is_small(recorded):
    assert recorded[0].stat().st_size < 100_000


def test_a_damaged_session_is_refused_with_one_sentence(recorded, tmp_path):
    whole = recorded[0].read_bytes()
    for name, content in {
        "cut": whole[:-100],
        "empty": b"",
        "other": b"{}\n" + whole,
        "flipped": whole[:300] + b"x" + whole[301:],
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(CnetkitError, match="not a whole recorded session"):
            Lab("port", replay=path)
    with pytest.raises(CnetkitError, match="cannot be read: No such file"):
        Lab("port", replay=tmp_path / "missing")


@pytest.mark.parametrize("path", ["/no-such-folder/session", "/tmp"])
def test_a_place_where_no_session_can_be_written_is_refused_before_the_lab_is_made(path):
    with pytest.raises(CnetkitError, match="cannot be written"):
        Lab("lab", record=path)
