"""Recordings from a kernel with all kinds of links: marked packets stay whole through each of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cnetkit.recording.recording import Recording, load
from cnetkit.trace import explain
from cnetkit.trace.steps import STEPS
from tests.kernel.tagged import TAG, score

FOLDER = Path(__file__).parent.parent / "data" / "kernels"
CASES = sorted(path.stem for path in FOLDER.glob("*.pcapng"))


def marked(recording: Recording, doubled: bool = False) -> dict[str, list[int]]:
    """For each mark the numbers of the frames that contain it, anywhere in their octets.

    `doubled`: a question that arrived twice was answered twice, so the identification distinguishes the answers.
    """
    result: dict[str, list[int]] = {}
    for number in range(len(recording.frames)):
        octets = recording.frames.bytes_of(number)
        for mark in set(TAG.findall(octets)):
            result.setdefault(mark.decode() + (octets[18:20].hex() if doubled else ""), []).append(number)
    return result


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("name", [name for name in CASES if name != "wireguard"])
def test_no_wrong_join_and_nearly_every_journey_whole(name, bare):
    recording = load(FOLDER / f"{name}.pcapng")
    captured = replace(recording, topologies=(), events=()) if bare else recording
    result = score(json.loads(explain(captured).to_json()), marked(recording, name.startswith("doubled")))
    assert result["wrong"] == []
    assert result["every_frame_once"]
    assert result["share"] >= (0.99 if bare else 0.999), result["broken"]


VAGUER = {("unwrapped", "gap"), ("stacked-up", "bridge-up"), ("stacked-down", "bridge-down")}
"""Without the topology these may be called otherwise: where a tunnel ends, and what an ipvlan is."""


@pytest.mark.parametrize("name", CASES)
def test_frames_alone_show_the_same_parents_and_steps_as_with_the_topology(name):
    """The far end of a tunnel shows the same octets as the near one: no cable leads from there to here."""
    recording = load(FOLDER / f"{name}.pcapng")
    found = []
    for captured in (recording, replace(recording, topologies=(), events=())):
        joined = explain(captured).analysis.joined
        found.append([(parent, STEPS[step].name) for parent, step in zip(joined.parent, joined.step, strict=True)])
    differing = [(described[1], bare[1]) for described, bare in zip(*found, strict=True) if described != bare]
    assert set(differing) <= VAGUER


@pytest.mark.parametrize("bare", [False, True])
def test_wireguards_encrypted_packets_belong_to_the_journeys_of_the_plain_ones(bare):
    """Questions and answers alternate, so the k-th plain packet is the k-th encrypted one."""
    recording = load(FOLDER / "wireguard.pcapng")
    trace = explain(replace(recording, topologies=(), events=()) if bare else recording)
    plain, encrypted = (
        [n for n in range(len(recording.frames)) if leaves(recording, n) == "a/" + i] for i in ("wg0", "eth0")
    )
    journey = trace.analysis.joined.journey
    assert [journey[n] for n in plain] == [journey[n] for n in encrypted]
    result = {n for item in trace.journeys if len(item.hops) >= 6 for n in item.frames}
    assert {n for frames in marked(recording).values() for n in frames} <= result
    assert len({item.flow.title for item in trace.journeys}) == 3


def leaves(recording: Recording, number: int) -> str:
    """Where a data packet of the tunnel, or a plain packet, was sent."""
    tap = recording.frames.taps[recording.frames.tap[number]]
    octets = recording.frames.bytes_of(number)
    if recording.frames.direction[number] != 2 or (tap.interface == "eth0" and octets[42:46] != b"\4\0\0\0"):
        return ""
    return f"{tap.node}/{tap.interface}"


def test_the_evidence_of_an_encrypted_packet_names_size_and_order():
    trace = explain(load(FOLDER / "wireguard.pcapng"))
    hop = next(h for h in trace.journeys[0].hops if h.interface == "eth0")
    assert [(c.field, c.before, c.after) for c in hop.changes] == [
        ("encapsulation", "none", "wireguard from 192.0.2.2 to 192.0.2.18")
    ]
    assert ("encrypted by WireGuard: the sizes fit, in the same order", "inferred") in [
        (e.quote, e.strength) for e in hop.evidence
    ]
