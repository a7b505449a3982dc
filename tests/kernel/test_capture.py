"""A capture is complete, from its first frame to those in flight when it ends."""

from __future__ import annotations

import re
import resource
import time

from cnetkit.lab import Lab
from cnetkit.recording.frames import IN, OUT

NUMBERED = re.compile(rb"number:(\d{8});")
SEND = """
import socket, sys, time
s = socket.socket(type=socket.SOCK_DGRAM)
for n in range(int(sys.argv[2])):
    s.sendto(b"number:%08d;" % n, (sys.argv[1], 9))
    if n % 50 == 49:
        time.sleep(0.002)
"""
STEADY = """
import socket, sys, time
s = socket.socket(type=socket.SOCK_DGRAM)
for n in range(10**8):
    s.sendto(b"number:%08d;" % n, (sys.argv[1], 9))
    time.sleep(0.0001)
"""


def numbers(trace, node: str, direction: int) -> list[int]:
    """The numbers in the packets at a node's eth0, in the order of the recording."""
    frames = trace.recording.frames
    packets = []
    for number in range(len(frames)):
        tap = frames.taps[frames.tap[number]]
        if (tap.node, tap.interface) == (node, "eth0") and frames.direction[number] == direction:
            packets += [int(match[1]) for match in NUMBERED.finditer(frames.bytes_of(number))]
    return packets


def test_each_packet_of_a_burst_is_captured_once(dock):
    for count in (1, 400):
        with dock.lab.trace(verdicts=False) as trace:
            dock.client.run(["python3", "-c", SEND, "172.17.0.2", str(count)], check=True)
        assert numbers(trace, "client", OUT) == list(range(count))
        assert trace.recording.losses == ()


def test_a_capture_that_ends_during_traffic_has_all_packets_up_to_its_end(dock):
    sender = dock.client.start(["python3", "-c", SEND, "172.17.0.2", "100000000"])
    for _ in range(3):
        with dock.lab.trace(dock.client, verdicts=False) as trace:
            time.sleep(0.2)
        captured = numbers(trace, "client", OUT)
        assert len(captured) > 100
        assert captured == list(range(captured[0], captured[0] + len(captured)))
    sender.stop()


def test_programs_inherit_no_descriptor_of_the_agent(dock):
    with dock.lab.trace():
        pass
    assert dock.host.run(["ls", "/proc/self/fd"]).output.split() == [
        "0",
        "1",
        "2",
        "3",
    ]  # 3 is the folder that ls reads


def test_400_containers_are_traced_with_a_limit_of_1024_open_files():
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


def test_a_capture_that_begins_and_ends_during_traffic_tears_only_the_packets_underway():
    with Lab("torn") as lab:
        containers = lab.host("dock").bridge("docker0", "172.17.0.1/16").containers("c{}", 60)
        sender = containers[0].start(["python3", "-c", STEADY, containers[-1].address])
        torn = []
        for _ in range(5):
            with lab.trace(verdicts=False) as trace:
                time.sleep(0.05)
            sent, arrived = numbers(trace, "c0", OUT), numbers(trace, "c59", IN)
            assert len(sent) > 20
            torn.append(len(set(sent) ^ set(arrived)))
        sender.stop()
        assert min(torn) <= 2, torn  # a busy machine has more packets underway at times
