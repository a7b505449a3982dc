"""Large segments that are cut and merged on their way, identified by marks in their stream."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import pytest

from cnetkit.recording.recording import Recording
from cnetkit.trace import explain
from tests.kernel.tagged import TAG, ready, score, sink

SEND = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for n in range(20):
    s.sendall(b"".join(b"ask:%08d" % k for k in range(n * 3000, n * 3000 + 3000)))
s.shutdown(socket.SHUT_WR)
while s.recv(65536):
    pass
"""

SEND_DATAGRAMS = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 103, 500)  # UDP_SEGMENT
for n in range(20):
    s.sendto(b"".join(b"ask:%08d" % k for k in range(n * 200, n * 200 + 200)), (sys.argv[1], int(sys.argv[2])))
"""

TAKE = """
import socket
server = socket.create_server(("", 91))
print("ready", flush=True)
while True:
    peer, _ = server.accept()
    while peer.recv(65536):
        pass
    peer.close()
"""

LOSE = """
add table ip lossy
add chain ip lossy on { type filter hook forward priority 0; }
add rule ip lossy on tcp dport 91 meta length > 200 numgen inc mod 20 19 drop
"""


def truth(recording: Recording) -> dict[str, list[int]]:
    """Frames that share a mark, however many marks each contains; and pieces too short for a mark, with the frames
    that contain their octets. Where TCP sent octets again, a mark no longer tells which sending a frame is of: such
    groups are left out."""
    whole: dict[bytes, set[int]] = {}
    places = [octets_of(recording.frames.bytes_of(number)) for number in range(len(recording.frames))]
    for number in range(len(recording.frames)):
        here = set(TAG.findall(recording.frames.bytes_of(number)))
        together = {number}
        for group in {id(whole[mark]): whole[mark] for mark in here if mark in whole}.values():
            together |= group
            here |= {mark for mark in whole if whole[mark] is group}
        for mark in here:
            whole[mark] = together
    groups = {id(one): one for one in whole.values()}.values()
    for number in {n for n, (_, begin, end) in enumerate(places) if end > begin} - {n for one in groups for n in one}:
        to, begin, end = places[number]
        for group in groups:
            if any(places[n][0] == to and places[n][1] <= begin and end <= places[n][2] for n in group):
                group.add(number)
    again = {number for pair in sent_again(recording) for number in pair}
    groups = {id(one): one for one in whole.values() if not one & again}.values()
    return {f"stream {min(group)}": sorted(group) for group in groups}


def sent_again(recording: Recording) -> list[tuple[int, int]]:
    """Pairs of frames at the sender's own interface of which the second contains octets of the first."""
    taps = recording.frames.taps
    at = [
        n for n, tap in enumerate(recording.frames.tap) if (taps[tap].node, taps[tap].interface) == ("outside", "eth0")
    ]
    sent = [(number, *octets_of(recording.frames.bytes_of(number))) for number in at]
    return [
        (first, second)
        for nth, (second, port, begin, end) in enumerate(sent)
        for first, to, earlier, last in sent[:nth]
        if port == to and max(begin, earlier) < min(end, last)
    ]


def octets_of(data: bytes) -> tuple[int, int, int]:
    """For a TCP frame over IPv4 its source port, first sequence number and the one after the last; else zeros."""
    if data[12:14] != b"\x08\x00" or data[23] != 6:
        return 0, 0, 0
    tcp = 14 + (data[14] & 15) * 4
    sender, _, begin = struct.unpack_from(">HHI", data, tcp)
    return sender, begin, begin + len(data) - tcp - (data[tcp + 12] >> 4) * 4


@pytest.fixture(params=["cut on the way", "cut and joined again"])
def recording(dock, request):
    dock.host.publish(9091, to=dock.web, port=91)
    ready(dock.web, ["python3", "-c", TAKE])
    for node, name in ((dock.outside, "eth0"), (dock.host, "eth0")):
        node.run(f"ethtool -K {name} tx on sg on tso on gso on", check=True)
    if "joined" in request.param:
        dock.web.run("ethtool -K eth0 gro on", check=True)
    if "lost" in request.param:
        dock.host.run(["nft", LOSE], check=True)
    with dock.lab.trace() as trace:
        dock.outside.run(["python3", "-c", SEND, "203.0.113.1", "9091"], check=True)
    return trace.recording


@pytest.mark.parametrize("bare", [False, True])
def test_a_segment_and_its_pieces_are_one_journey(recording, bare):
    marked = truth(recording)
    assert len(marked) > 5, "too much was sent again"
    lengths = recording.frames.length
    assert lengths.max() > 1514, "the kernel handed out no large segment"
    seen = replace(recording, topologies=(), events=()) if bare else recording
    found = score(json.loads(explain(seen).to_json()), marked)
    assert found["wrong"] == []
    assert found["every_frame_once"]
    assert found["share"] >= 0.99, found["broken"]


def test_a_piece_has_the_segment_that_contained_its_octets_as_parent(recording):
    trace = explain(recording)
    for journey in trace.journeys:
        for hop in journey.hops:
            marks = set(TAG.findall(recording.frames.bytes_of(hop.frame)))
            if hop.parent is not None and marks:
                assert marks & set(TAG.findall(recording.frames.bytes_of(hop.parent)))


def test_a_cut_segment_shows_its_change_of_length(recording):
    trace = explain(recording)
    changed = [c for j in trace.journeys for h in j.hops for c in h.changes if c.field == "ip.len"]
    assert changed
    assert all(int(c.before) != int(c.after) for c in changed)


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("recording", ["cut on the way and lost", "cut, joined and lost"], indirect=True)
def test_octets_sent_again_are_a_journey_of_their_own(recording, bare):
    pairs = sent_again(recording)
    assert pairs, "nothing was lost"
    seen = replace(recording, topologies=(), events=()) if bare else recording
    trace = explain(seen)
    found = score(json.loads(trace.to_json()), truth(recording))
    assert (found["wrong"], found["broken"], found["every_frame_once"]) == ([], [], True)
    journey = {hop.frame: number for number, journey in enumerate(trace.journeys) for hop in journey.hops}
    assert [pair for pair in pairs if journey[pair[0]] == journey[pair[1]]] == []


@pytest.mark.parametrize("bare", [False, True])
def test_datagrams_sent_as_one_are_one_journey(dock, bare):
    dock.host.publish(9091, to=dock.web, port=91, protocol="udp")
    sink(dock.web)
    for node, name in ((dock.outside, "eth0"), (dock.host, "eth0")):
        node.run(f"ethtool -K {name} tx on sg on gso on tx-udp-segmentation on", check=True)
    dock.host.run(f"ethtool -K {dock.web.host_interface} tx-udp-segmentation off", check=True)
    with dock.lab.trace() as trace:
        dock.outside.run(["python3", "-c", SEND_DATAGRAMS, "203.0.113.1", "9091"], check=True)
    recording = trace.recording
    lengths = recording.frames.length
    assert lengths.max() > 2400, "the kernel cut the datagrams at once"
    marked = truth(recording)
    assert len(marked) == 20
    assert max(map(len, marked.values())) > 10, "the kernel did not cut the datagrams on their way"
    seen = replace(recording, topologies=(), events=()) if bare else recording
    found = score(json.loads(explain(seen).to_json()), marked)
    assert (found["wrong"], found["broken"]) == ([], [])
    assert found["every_frame_once"]
