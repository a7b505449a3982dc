"""A capture is whole: from its first frame to those that were on their way when it ended."""

from __future__ import annotations

import re
import resource
import time

from cnetkit.lab import Lab
from cnetkit.recording.frames import OUT

NUMBERED = re.compile(rb"number:(\d{8});")
SEND = """
import socket, sys, time
s = socket.socket(type=socket.SOCK_DGRAM)
for n in range(int(sys.argv[2])):
    s.sendto(b"number:%08d;" % n, (sys.argv[1], 9))
    if n % 50 == 49:
        time.sleep(0.002)
"""


def numbers(trace, node: str, direction: int) -> list[int]:
    """The numbers of the packets seen at a node's eth0, in the order of the recording."""
    frames = trace.recording.frames
    found = []
    for number in range(len(frames)):
        tap = frames.taps[frames.tap[number]]
        if (tap.node, tap.interface) == (node, "eth0") and frames.direction[number] == direction:
            found += [int(match[1]) for match in NUMBERED.finditer(frames.bytes_of(number))]
    return found


def test_every_packet_of_a_burst_is_there_once_in_each_trace(dock):
    for count in (1, 400):
        with dock.lab.trace(verdicts=False) as trace:
            dock.client.run(["python3", "-c", SEND, "172.17.0.2", str(count)], check=True)
        assert numbers(trace, "client", OUT) == list(range(count))
        assert trace.recording.losses == ()


def test_a_capture_that_ends_amid_traffic_has_every_packet_up_to_there_as_a_whole(dock):
    sender = dock.client.start(["python3", "-c", SEND, "172.17.0.2", "100000000"])
    for _ in range(3):
        with dock.lab.trace(dock.client, verdicts=False) as trace:
            time.sleep(0.2)
        seen = numbers(trace, "client", OUT)
        assert len(seen) > 100
        assert seen == list(range(seen[0], seen[0] + len(seen)))
    sender.stop()


def test_programs_get_no_file_of_the_agents(dock):
    with dock.lab.trace():
        pass
    assert dock.host.run(["ls", "/proc/self/fd"]).output.split() == ["0", "1", "2", "3"]  # 3: the folder that ls reads


def test_four_hundred_containers_are_traced_where_a_process_may_open_1024_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    try:
        with Lab("large") as lab:
            first, *_, last = lab.host("dock").bridge("docker0", "172.17.0.1/16").containers("c{}", 400)
            with lab.trace() as trace:
                first.run(f"ping -c 1 {last.address}", check=True)
            assert {journey.outcome.where for journey in trace.journeys} >= {"c0/eth0", "c399/eth0"}
            assert last.run("ulimit -Sn").output == "1024\n"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
