"""However a lab ends, nothing of it remains."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from tests.kernel.conftest import Dock, HostState, client, settled

pytestmark = pytest.mark.usefixtures("untouched")

PROGRAM = """
import sys, time
from cnetkit import Lab
lab = Lab("victim")
host = lab.host("dock")
net = host.bridge("docker0", "172.17.0.1/16")
web = net.containers("c{}", 3)[0]
host.publish(8080, to=web, port=80)
web.http_server(80)
web.start("sleep 1000")
print("ready", flush=True)
with lab.trace():
    while True:
        host.run("curl -s http://172.17.0.2/")
"""


def spawner() -> int:
    """The process id of this process's spawner."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    (spawner_pid,) = (
        pid for pid in children if "waits for labs" in Path(f"/proc/{pid}/cmdline").read_text(encoding="ascii")
    )
    return int(spawner_pid)


def test_a_with_block_leaves_nothing():
    with Lab("one") as lab:
        Dock(lab)


def test_an_exception_in_the_block_leaves_nothing():
    with pytest.raises(ZeroDivisionError), Lab("one") as lab, lab.trace():  # noqa: PT012 - several steps are the point
        Dock(lab)
        _ = 1 / 0


def test_a_lab_without_references_leaves_nothing():
    lab = Lab("one")
    Dock(lab)
    del lab
    gc.collect()


def test_closing_a_lab_twice_is_harmless():
    lab = Lab("one")
    lab.close()
    lab.close()
    with pytest.raises(CnetkitError, match="closed: make a new Lab"):
        lab.host("late")


def test_a_failed_trace_leaves_the_lab_usable():
    with Lab("one") as lab:
        dock = Dock(lab)
        with pytest.raises(ZeroDivisionError), lab.trace():
            _ = 1 / 0
        with lab.trace() as trace:
            dock.outside.run("curl -s http://203.0.113.1:8080/", check=True)
        assert trace.journeys


@pytest.fixture
def interruptible():
    """Lets Ctrl-C raise KeyboardInterrupt even if the tests run in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_during_a_command_ends_the_command_but_not_the_lab(interruptible):
    with Lab("one") as lab:
        host = lab.host("h")
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt) as caught:
            host.run("sleep 30")
        assert caught.value._render_traceback_() == ["Interrupted: the command in h was stopped; the lab goes on"]
        assert time.monotonic() - start < 5
        assert "sleep" not in host.run("ps ax").output


def test_killing_the_agent_raises_a_clear_error_at_once():
    with Lab("one") as lab:
        host = lab.host("h")
        pid = int(next(name for name in HostState().sockets if name.endswith("/one")).split("/")[2])
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
        start = time.monotonic()
        with pytest.raises(CnetkitError, match="agent was killed by signal 9: make a new Lab"):
            host.run("sleep 30")
        assert time.monotonic() - start < 5
        with pytest.raises(CnetkitError, match="killed by signal 9"):
            host.run("true")


def test_killing_the_spawner_ends_its_labs_and_the_next_lab_starts_a_new_one():
    with Lab("one") as lab:
        host = lab.host("h")
        os.kill(spawner(), signal.SIGKILL)
        with pytest.raises(CnetkitError, match="ended with the process that had started it"):
            host.run("sleep 30")
    with Lab("two") as lab:
        assert lab.host("h").run("echo here").output == "here\n"


def test_all_labs_of_a_process_share_a_spawner():
    with Lab("one"):
        first = spawner()
        with Lab("two"):
            assert spawner() == first
    with Lab("three"):
        assert spawner() == first


def test_a_lab_uses_the_environment_and_folder_of_the_time_it_is_made(tmp_path, monkeypatch):
    with Lab("one"):
        monkeypatch.setenv("TZ", "Asia/Kathmandu")
        (tmp_path / "here").write_text("yes", encoding="ascii")
        monkeypatch.chdir(tmp_path)
        with Lab("two") as lab:
            answer = lab.host("h").run(f"echo $TZ; cat {tmp_path}/here", check=True)
    assert answer.output == "Asia/Kathmandu\nyes"


def test_a_forked_copy_of_the_client_has_its_own_labs_and_does_not_affect_the_parents():
    with Lab("one") as lab:
        host = lab.host("h")
        child = os.fork()
        if child == 0:
            with Lab("one") as copy:
                os._exit(0 if copy.host("h").run("true").ok else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert host.run("true").ok


def test_killing_a_client_at_any_moment_leaves_nothing():
    before = HostState()
    rounds = int(os.environ.get("CNETKIT_KILLS", "25"))
    victims = []
    chance = random.Random(7)
    for _ in range(rounds):
        victim = client(PROGRAM)
        time.sleep(chance.uniform(0.0, 0.9))
        victim.kill()
        victim.wait()
        victims.append(victim)
    for victim in victims:
        victim.stdout.close()
        victim.stderr.close()
    after = settled(before, 30)
    assert before.difference(after) == {}


def test_killing_a_client_during_a_trace_leaves_nothing():
    before = HostState()
    victim = client(PROGRAM)
    assert victim.stdout.readline() == b"ready\n", victim.stderr.read()
    time.sleep(0.3)
    assert before.difference(HostState()) != {}
    victim.kill()
    victim.communicate()
    assert before.difference(settled(before)) == {}
