"""The first lab, as a user runs it: live, saved, and replayed where the system refuses a sandbox."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import cnetkit

NO_NAMESPACES = ["unshare", "-Ur", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh"]


def _cnetkit(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "cnetkit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "trace.pcapng"
    done = _cnetkit("run", "port-mapping", "--json", "-", "--pcapng", str(path))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), path


def _kinds(trace):
    """What kinds of journeys there are: the way taken and the fields changed, without the addresses' and ports' values."""
    return {
        tuple((h["node"], h["interface"], h["direction"], tuple(c["field"] for c in h["changes"])) for h in j["hops"])
        for j in trace["journeys"]
        if len(j["hops"]) > 2 and any(h["changes"] for h in j["hops"])
    }


def test_the_destination_changes_beside_the_rule_that_changes_it(live):
    hop = next(
        h for j in live[0]["journeys"] for h in j["hops"]
        if {"field": "ip.dst", "before": "203.0.113.1", "after": "172.17.0.2"} in h["changes"] and h["node"] == "dock"
    )  # fmt: skip
    rule = next(one for one in hop["evidence"] if "DNAT" in one["quote"])
    assert rule["quote"] == "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80"
    assert rule["source"].startswith("ip nat DOCKER handle ")
    assert rule["strength"] == "kernel"


def test_the_reply_changes_back_by_the_conntrack_entry(live):
    hop = next(
        h for j in live[0]["journeys"] for h in j["hops"]
        if {"field": "ip.src", "before": "172.17.0.2", "after": "203.0.113.1"} in h["changes"]
    )  # fmt: skip
    entry = next(one for one in hop["evidence"] if one["kind"] == "conntrack")
    assert "dst=203.0.113.1" in entry["quote"]
    assert "src=172.17.0.2" in entry["quote"]


def test_every_frame_stands_in_exactly_one_journey_or_is_unexplained_with_a_reason(live):
    trace = live[0]
    numbers = [h["frame"] for j in trace["journeys"] for h in j["hops"]] + [u["frame"] for u in trace["unexplained"]]
    assert sorted(numbers) == list(range(trace["frames"]))
    assert all(u["reason"] for u in trace["unexplained"])
    assert trace["lost_by_kernel"] == 0


def test_a_saved_trace_loads_as_the_same_journeys(live):
    assert json.loads(cnetkit.load(live[1]).to_json())["journeys"] == live[0]["journeys"]


def test_tshark_reads_interfaces_directions_and_comments(live):
    fields = ["-e", "frame.interface_name", "-e", "frame.packet_flags_direction", "-e", "frame.comment"]
    done = subprocess.run(
        ["tshark", "-r", str(live[1]), "-T", "fields", *fields], capture_output=True, text=True, check=True
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == live[0]["frames"]
    hops = {h["frame"]: h for j in live[0]["journeys"] for h in j["hops"]}
    assert [row[0] for row in rows] == [f"{hops[n]['node']}/{hops[n]['interface']}" for n in range(len(rows))]
    assert all(row[1] in ("0x00000001", "0x00000002", "1", "2") for row in rows)
    assert any("--to-destination 172.17.0.2:80" in row[2] for row in rows)


def test_the_recorded_session_has_the_same_kinds_of_journeys_where_namespaces_are_refused(live):
    done = _cnetkit("run", "port-mapping", "--replay", "--json", "-", before=tuple(NO_NAMESPACES))
    assert done.returncode == 0, done.stderr
    replayed = json.loads(done.stdout)
    assert _kinds(replayed) == _kinds(live[0])
    shown = _cnetkit("run", "port-mapping", "--replay", before=tuple(NO_NAMESPACES))
    assert "recording" in shown.stdout
    assert "Linux" in shown.stdout


@pytest.mark.parametrize("command", [("run", "port-mapping"), ("shell", "port-mapping", "web")])
def test_where_namespaces_are_refused_a_command_fails_in_one_sentence(command):
    done = _cnetkit(*command, before=tuple(NO_NAMESPACES))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("cnetkit: ")
