"""Which recordings have the same kinds of journeys: not one that was tampered with, but one in which only chance differs."""

from __future__ import annotations

import zlib
from copy import deepcopy

import msgspec
import pytest

from cnetkit import catalog, protocol as p
from cnetkit.lab import Lab
from cnetkit.sandbox import session
from tests.kinds import differences, rows


def replayed(name, path):
    entry = catalog.find(name)
    with Lab(name, replay=path) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    return {"trace": rows(trace)}


def tampered(path, to, change):
    """A copy of a recorded session in which `change` decides what becomes of each answer; None leaves it out."""
    read = session.read(path)
    log = b""
    for ours, number, body in read.messages:
        answer = None if ours else change(p.answer(body))
        if answer is None and not ours:
            continue
        message = body if ours else msgspec.msgpack.encode(answer)
        log += (b">" if ours else b"<") + len(message).to_bytes(4, "big") + number.to_bytes(4, "big") + message
    to.write_bytes(path.read_bytes().partition(b"\n")[0] + b"\n" + zlib.compress(log))
    return to


def without_frames_of(node):
    return lambda answer: None if isinstance(answer, p.FrameBlock) and answer.node == node else answer


def other_frames(old, new):
    def change(answer):
        if isinstance(answer, p.FrameBlock):
            return msgspec.structs.replace(answer, data=answer.data.replace(old, new))
        return answer

    return change


@pytest.fixture(params=catalog.names())
def lab(request):
    return catalog.find(request.param)


def test_a_recording_has_the_same_kinds_of_journeys_as_itself(lab, tmp_path):
    same = tampered(lab.session, tmp_path / "same", lambda answer: answer)
    assert differences(replayed(lab.name, lab.session), replayed(lab.name, same)) == []


def test_a_recording_without_the_frames_of_a_node_differs(lab, tmp_path):
    whole = replayed(lab.name, lab.session)
    nodes = {hop[1].partition("/")[0] for row in whole["trace"] for hop in row["hops"]}
    nodes = {node for node in nodes if not node.startswith("1-")}  # `rows` names them anew
    for node in sorted(nodes)[:2]:
        cut = tampered(lab.session, tmp_path / "cut", without_frames_of(node))
        assert differences(whole, replayed(lab.name, cut)), node


def test_a_recording_with_another_address_in_its_frames_differs(tmp_path):
    lab = catalog.find("port-mapping")
    old, new = bytes([172, 17, 0, 2]), bytes([172, 17, 0, 9])
    changed = tampered(lab.session, tmp_path / "other", other_frames(old, new))
    assert differences(replayed(lab.name, lab.session), replayed(lab.name, changed))


CHANGES = {
    "another outcome": lambda row: row.update(outcome="dropped"),
    "another protocol": lambda row: row.update(protocol="udp"),
    "another kind": lambda row: row.update(kind="RST"),
    "a field that changed": lambda row: row["hops"][-1][3].append("ip.tos"),
    "another place": lambda row: row["hops"][-1].__setitem__(1, "elsewhere/eth0"),
    "a hop less": lambda row: row["hops"].pop(),
    "another parent": lambda row: row["hops"][-1].__setitem__(0, row["hops"][-1][1]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", ["SYN", "established"])
def test_each_property_that_must_agree_is_compared(change, kind):
    original = replayed("out-of-the-host", catalog.find("out-of-the-host").session)
    changed = deepcopy(original)
    for row in changed["trace"]:
        if row["kind"] == kind:
            change(row)
    assert differences(original, changed)


def test_an_additional_connection_and_a_missing_trace_are_differences():
    original = replayed("bridge", catalog.find("bridge").session)
    changed = deepcopy(original)
    changed["trace"].append(next(row for row in changed["trace"] if row["kind"] == "echo request"))
    assert differences(original, changed) == ["trace: asked {'echoes': 2} and {'echoes': 3}"]
    assert differences(original, {}) == ["only one run has the trace trace"]


def test_additional_segments_and_retransmitted_syns_are_no_differences():
    original = replayed("port-mapping", catalog.find("port-mapping").session)
    changed = deepcopy(original)
    changed["trace"] += [row for row in changed["trace"] if row["kind"] in ("SYN", "established")]
    assert differences(original, changed) == []


def test_the_choice_of_pods_is_no_difference_but_a_pod_without_connections_is():
    whole = replayed("service", catalog.find("service").session)
    fewer = {"trace": [row for row in whole["trace"] if row["kind"] != "SYN"]}
    opened = [row for row in whole["trace"] if row["kind"] == "SYN"]
    to = {
        pod: [row for row in opened if [pod] == [after for _, after in row["chosen"]]]
        for pod in ("10.244.0.2", "10.244.1.2")
    }
    assert all(to.values())
    swapped = [
        {**deepcopy(row), "ends": other["ends"]}
        for row, other in zip([*to["10.244.0.2"]] * len(opened), opened, strict=False)
    ]
    some = next(row for row in to["10.244.1.2"])
    swapped[-1] = {**some, "ends": swapped[-1]["ends"]}
    assert len(swapped) == len(opened)
    assert differences(whole, {"trace": fewer["trace"] + swapped}) == []
