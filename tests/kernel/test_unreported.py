"""More packets per second than the kernel reports verdicts on: each outcome agrees with what the receiver read."""

import re

import pytest

from cnetkit.lab import Lab

SENT = 2000
RECEIVE = """
import signal, socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind(("", 9))
s.settimeout(float(sys.argv[1]))
print("ready", flush=True)
try:
    while True:
        data, peer = s.recvfrom(99)
        print(data.decode(), flush=True)
        if sys.argv[2] == "answer":
            s.sendto(b"rep" + data[3:], peer)
except TimeoutError:
    pass
"""
SEND = """
import socket, sys, time
s = socket.socket(type=socket.SOCK_DGRAM)
for number in range(int(sys.argv[2])):
    s.sendto(b"ask:%08d" % number, (sys.argv[1], 9))
    if number % 10 == 0:
        time.sleep(0.004)
"""
TAG = re.compile(rb"ask:\d{8}")
IPTABLES = "iptables -A INPUT -p udp"


def flooded(rules: str, answer: str = "", verdicts: bool = True):
    """The trace of many datagrams, and the payloads that the program at port 9 read."""
    with Lab("unheard") as lab:
        client, router, server = lab.host("client"), lab.router("router"), lab.host("server")
        lab.connect(client, router, "10.0.0.0/24")
        lab.connect(server, router, "10.1.0.0/24")
        (router if "FORWARD" in rules else server).run(rules, check=True)
        receiver = server.start(["python3", "-c", RECEIVE, "3", answer])
        while "ready" not in receiver.output and receiver.running:
            pass
        with lab.trace(verdicts=verdicts, megabytes=64) as trace:
            client.run(["python3", "-c", SEND, server.address, str(SENT)], check=True, timeout=60)
            read = receiver.wait(60).output
    return trace, set(read.split()) - {"ready"}


def said(trace) -> dict[str, str]:
    """Payload → outcome of its datagram."""
    found = {}
    for journey in trace.journeys:
        data = trace.recording.frames.bytes_of(journey.frames[0])
        if journey.packet.protocol == "udp" and (tag := TAG.search(data)):
            found[tag[0].decode()] = journey.outcome.kind
    return found


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (f"{IPTABLES} --dport 9 -j DROP", {"dropped"}),
        (f"{IPTABLES} --dport 7 -j DROP", {"delivered"}),
        (
            f"{IPTABLES} -m limit --limit 200/s -j ACCEPT; {IPTABLES} -j DROP",
            {"delivered", "dropped", "lost-from-sight"},
        ),
        (
            f"{IPTABLES} -m statistic --mode random --probability 0.5 -j DROP",
            {"delivered", "dropped", "lost-from-sight"},
        ),
        (f"{IPTABLES} -m string --algo bm --string 00000777 -j DROP", {"delivered", "lost-from-sight"}),
        ("iptables -A FORWARD -p udp -j DROP", {"dropped"}),
        (
            "iptables -A FORWARD -p udp -m limit --limit 200/s -j ACCEPT; iptables -A FORWARD -p udp -j DROP",
            {"delivered", "dropped", "lost-from-sight"},
        ),
        ("nft 'add table t; add chain t c { type filter hook input priority 0; policy drop; }'", {"dropped"}),
    ],
    ids=["dropped", "another port", "limit", "random", "string", "on the way", "limit on the way", "policy"],
)
def test_the_outcome_of_a_packet_without_a_verdict_is_true_or_unknown(rules, told):
    trace, read = flooded(rules)
    outcomes = said(trace)
    assert len(outcomes) == SENT
    assert sum(event.kind == "verdict" for event in trace.recording.events) > 0
    assert {tag for tag, kind in outcomes.items() if kind == "delivered"} <= read
    assert not {tag for tag, kind in outcomes.items() if kind == "dropped"} & read
    assert set(outcomes.values()) <= told | {"dropped"}
    if len(told) == 1:
        assert set(outcomes.values()) == told


def test_a_reply_shows_that_a_flows_packets_pass_without_any_verdict():
    trace, read = flooded(f"{IPTABLES} --dport 7 -j DROP", "answer", verdicts=False)
    assert set(list(said(trace).values())[:-10]) == {"delivered"}
    assert len(read) == SENT


def test_without_verdicts_and_replies_the_outcome_is_unknown_with_a_reason():
    trace, read = flooded(f"{IPTABLES} --dport 9 -j DROP", verdicts=False)
    assert set(said(trace).values()) == {"lost-from-sight"}
    assert read == set()
    ended = next(j.outcome for j in trace.journeys if j.packet.protocol == "udp")
    assert ended.reason == "the kernel was not asked about it, and rules of server drop packets"
    assert ended.evidence[0].quote == "-A INPUT -p udp -m udp --dport 9 -j DROP"
