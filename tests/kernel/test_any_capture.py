"""Captures made by other tools in a live lab: read as tshark reads them, and joined without a topology."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import subprocess
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cnetkit.lab import Lab
from cnetkit.recording.frames import LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2
from cnetkit.recording.recording import Recording, load, load_all
from cnetkit.trace import explain
from tests.kernel.conftest import Dock
from tests.kernel.tagged import answer, ask, mark_of, score

TOOLS = {
    "nanoseconds": "-i any --time-stamp-precision=nano",
    "cooked": "-i any -y LINUX_SLL",
    "cut": "-i eth0 -s 60",
    "small": "-i eth0 -s 96",
}
"""tcpdump's options, by the name of the file: one instance of each runs at once in the host."""
PLACES = ("outside/eth0", "dock/eth0", "dock/docker0", "web/eth0")


@cache
def captured() -> dict[str, Path]:
    """The files of one run, captured while a published port was requested."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="captures-"))
    with Lab("captures") as lab:
        dock = Dock(lab)
        answer(dock.web, 90)
        dock.host.publish(9090, to=dock.web, port=90, protocol="udp")
        nodes = {"outside": dock.outside, "dock": dock.host, "web": dock.web}
        wanted = {name: ("dock", options) for name, options in TOOLS.items()}
        wanted |= {place: (place.split("/")[0], f"-i {place.split('/')[1]}") for place in PLACES}
        files = {name: folder / f"{name.replace('/', '-')}.pcap" for name in wanted}
        programs = [
            nodes[node].start(f"exec tcpdump -U --immediate-mode -Z root {options} -w /tmp/{files[name].name}")
            for name, (node, options) in wanted.items()
        ]
        while any("listening on" not in program.errors and program.running for program in programs):
            dock.host.run("sleep .1")
        ask(dock.outside, "203.0.113.1", 9090, 30)
        dock.outside.run("for i in 1 2 3; do curl -s http://203.0.113.1:8080/; done; sleep .3")
        for program in programs:
            program.stop()
        for name, (node, _) in wanted.items():
            said = nodes[node].run(f"base64 /tmp/{files[name].name}", check=True)
            files[name].write_bytes(base64.b64decode(said.output))
    return files


@pytest.fixture(scope="module", autouse=True)
def _removed():
    yield
    shutil.rmtree(next(iter(captured().values())).parent)


def tshark(path: Path) -> list[tuple[str, int, int, int]]:
    """Interface, nanoseconds since 1970, captured and original length of each frame, as tshark reads them."""
    fields = ["frame.interface_name", "frame.time_epoch", "frame.cap_len", "frame.len"]
    command = ["tshark", "-r", str(path), "-T", "fields", *(word for name in fields for word in ("-e", name))]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    cells = [row.split("\t") for row in rows]
    return [(name, int(Decimal(time) * 10**9), int(kept), int(size)) for name, time, kept, size in cells]


def ours(recording: Recording) -> list[tuple[int, int, int]]:
    frames = recording.frames
    return list(zip(frames.time_ns.tolist(), frames.captured.tolist(), frames.length.tolist(), strict=True))


@pytest.mark.parametrize("name", [*TOOLS, *PLACES])
def test_a_capture_of_tcpdump_is_read_as_tshark_reads_it(name):
    path = captured()[name]
    found = load(path)
    assert len(found.frames) > 50
    assert ours(found) == [row[1:] for row in tshark(path)]
    assert found.warnings == ()


@pytest.mark.parametrize("kind", ["pcapng", "pcap", "nsecpcap"])
def test_the_output_of_editcap_is_read_as_tshark_reads_it(kind, tmp_path):
    other = tmp_path / "other"
    subprocess.run(["editcap", "-F", kind, captured()["nanoseconds"], other], check=True)
    assert ours(load(other)) == [row[1:] for row in tshark(other)]


def test_a_file_merged_by_mergecap_keeps_its_interfaces(tmp_path):
    merged = tmp_path / "merged.pcapng"
    subprocess.run(["mergecap", "-I", "none", "-w", merged, *(captured()[place] for place in PLACES)], check=True)
    found = load(merged)
    assert ours(found) == [row[1:] for row in tshark(merged)]
    assert len(set(found.frames.tap.tolist())) == len(PLACES)


def test_a_compressed_capture_is_the_same_capture(tmp_path):
    path = captured()["nanoseconds"]
    packed = tmp_path / "nanoseconds.pcap.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()[:9000]) + gzip.compress(path.read_bytes()[9000:]))
    assert load(packed) == load(path)


def test_each_interface_of_an_any_capture_is_separate():
    frames = load(captured()["nanoseconds"]).frames
    assert {tap.node for tap in frames.taps} == {"nanoseconds"}
    assert len(set(frames.tap.tolist())) >= 3
    assert set(frames.direction.tolist()) == {1, 2}
    assert set(load(captured()["cooked"]).frames.direction.tolist()) == {1, 2}


def scored(recording: Recording) -> dict:
    return score(json.loads(explain(recording).to_json()), marked(recording))


def marked(recording: Recording) -> dict[str, list[int]]:
    """As tagged.truth, also for frames that were truncated or do not begin with an Ethernet header."""
    frames, found = recording.frames, {}
    for number in range(len(frames)):
        data, linktype = frames.bytes_of(number), frames.taps[frames.tap[number]].linktype
        if linktype == LINKTYPE_LINUX_SLL:
            data = data[2:]
        elif linktype == LINKTYPE_LINUX_SLL2:
            data = bytes(12) + data[:2] + data[20:]
        mark = mark_of(data + bytes(frames.length[number] - frames.captured[number]))
        if mark:
            found.setdefault(mark, []).append(number)
    return found


def files(*names: str, **others: Path) -> list[str]:
    return [f"{name}={captured()[name]}" for name in names] + [f"{name}={path}" for name, path in others.items()]


def test_one_file_per_interface_gives_whole_journeys():
    found = scored(load_all(files(*PLACES)))
    assert (found["wrong"], found["every_frame_once"]) == ([], True)
    assert found["share"] >= 0.99, found["broken"]


def test_packets_that_one_tap_truncated_are_joined_with_whole_ones():
    places = [place for place in PLACES if place != "dock/eth0"]
    for name in ("cut", "small"):
        found = scored(load_all([*files(*places), f"dock/eth0={captured()[name]}"]))
        assert (found["wrong"], found["every_frame_once"]) == ([], True)
        assert found["share"] >= 0.99, (name, found["broken"])


@pytest.mark.parametrize("name", ["nanoseconds", "cooked"])
def test_an_any_capture_is_never_joined_wrongly(name):
    recording = load_all([str(captured()[name]), *files("outside/eth0", "web/eth0")])
    found = scored(recording)
    assert (found["wrong"], found["every_frame_once"]) == ([], True)
    if name == "nanoseconds":
        assert found["share"] >= 0.99, found["broken"]


SHIFTS = (0.0005, -0.0005, 0.02, -0.02, 3, -3, 3600, -3600)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("moved", ["outside/eth0", "web/eth0"])
def test_files_with_different_clocks_are_joined_and_the_offset_is_reported(moved, shift, tmp_path):
    other = tmp_path / "moved.pcap"
    subprocess.run(["editcap", "-F", "nsecpcap", "-t", str(shift), captured()[moved], other], check=True)
    recording = load_all([*files(*(place for place in PLACES if place != moved)), f"{moved}={other}"])
    trace = explain(recording)
    found = score(json.loads(trace.to_json()), marked(recording))
    assert (found["wrong"], found["every_frame_once"]) == ([], True)
    assert found["share"] >= 0.99, found["broken"]
    assert any("moved.pcap" in said and "seen at both" in said for said in trace.clocks)
    truly = recording.frames.time_ns - np.where(on_tap(recording, moved), round(shift * 1e9), 0)
    assert (np.abs(trace.analysis.joined.clocks.time - truly) < 200_000).all()


def on_tap(recording: Recording, place: str) -> np.ndarray:
    chosen = [f"{tap.node}/{tap.interface}" == place for tap in recording.frames.taps]
    return np.array(chosen)[recording.frames.tap]


def test_inspect_reports_unreadable_parts_and_clock_offsets(tmp_path):
    broken = tmp_path / "broken.pcap"
    broken.write_bytes(captured()["web/eth0"].read_bytes()[:-3])
    done = subprocess.run(
        [sys.executable, "-m", "cnetkit", "inspect", *files("dock/eth0", "dock/docker0"), f"web/eth0={broken}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr.startswith("cnetkit: broken.pcap: the packet at byte ")
    assert done.stderr.count("\n") == 1
