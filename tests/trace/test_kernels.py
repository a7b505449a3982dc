"""Recordings from a kernel that has all kinds of link: marked packets stay whole through each of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cnetkit.recording.recording import Recording, load
from cnetkit.trace import explain
from tests.kernel.tagged import TAG, score

FOLDER = Path(__file__).parent.parent / "data" / "kernels"
CASES = sorted(path.stem for path in FOLDER.glob("*.pcapng"))


def marked(recording: Recording) -> dict[str, list[int]]:
    """For each mark the numbers of the frames that bear it, wherever in their octets."""
    found: dict[str, list[int]] = {}
    for number in range(len(recording.frames)):
        for mark in set(TAG.findall(recording.frames.bytes_of(number))):
            found.setdefault(mark.decode(), []).append(number)
    return found


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("name", [name for name in CASES if name != "wireguard"])
def test_no_wrong_join_and_nearly_every_journey_whole(name, bare):
    recording = load(FOLDER / f"{name}.pcapng")
    seen = replace(recording, topologies=(), events=()) if bare else recording
    found = score(json.loads(explain(seen).to_json()), marked(recording))
    assert found["wrong"] == []
    assert found["every_frame_once"]
    assert found["share"] >= (0.99 if bare else 0.999), found["broken"]
