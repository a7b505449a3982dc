"""The cost of outcomes and evidence, for few and for many packets.

    python -m tests.bench.endings

Live labs in which all packets end in the same way. The cost per packet is the processor time for all outcomes, and for
all hops with their evidence; it should not grow with their number.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from cnetkit.lab import Lab
from tests.bench.measure import table

FEW, MANY = 1_000, 10_000
SEND = """
import socket, sys, time
address, port, number, words = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
stream = words == "stream"
for at in range(number):
    if at == 0 or stream:
        sender = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        sender.setblocking(False)
    try:
        sender.connect((address, port))
        sender.send(words.encode() if words == "alike" else b"%d" % at)
    except OSError:
        pass
    if at % 20 == 0:
        time.sleep(0.005)
"""


class Ending(NamedTuple):
    """Where the packets are sent, of which kind they are, and what the server does first."""

    address: str = "10.1.0.2"
    port: int = 9
    words: str = "unlike"
    command: str = "true"


ENDINGS = {
    "nobody listens": Ending(),
    "nobody listens, all packets alike": Ending(words="alike"),
    "a reset": Ending(words="stream"),
    "dropped by a rule": Ending(command="iptables -A INPUT -p udp -j DROP"),
    "rejected by a rule": Ending(command="iptables -A INPUT -p udp -j REJECT"),
    "delivered, not answered": Ending(command="sysctl -qw net.ipv4.icmp_ratelimit=100000"),
    "no route": Ending("198.18.0.1"),
    "no neighbour": Ending("10.1.0.77"),
}


def traced(ending: Ending, number: int) -> tuple[str, float, float]:
    """The outcome of most packets, and the microseconds of processor time per packet: its outcome, its hops with all
    evidence."""
    with Lab("endings") as lab:
        client, router, server = lab.host("client"), lab.router("router"), lab.host("server")
        lab.connect(client, router, "10.0.0.0/24")
        lab.connect(server, router, "10.1.0.0/24")
        server.run(ending.command, check=True)
        with lab.trace(megabytes=256) as trace:
            client.run(
                ["python3", "-c", SEND, ending.address, str(ending.port), str(number), ending.words],
                check=True, timeout=300,
            )  # fmt: skip
    packets = len(trace.journeys)
    begun = time.process_time()
    outcomes = trace.outcomes
    told = time.process_time()
    for journey in trace.journeys:
        _ = journey.hops
    whole = time.process_time()
    return outcomes.most_common(1)[0][0], (told - begun) / packets * 1e6, (whole - told) / packets * 1e6


def main() -> None:
    """Prints the cost per packet for few and for many, and their ratio."""
    rows = []
    for name, ending in ENDINGS.items():
        (_, few, few_hops), (kind, many, many_hops) = (traced(ending, number) for number in (FEW, MANY))
        told = f"{few:.0f} µs", f"{many:.0f} µs", f"{many / few:.1f}"
        rows.append((name, kind, *told, f"{few_hops:.0f} µs", f"{many_hops:.0f} µs", f"{many_hops / few_hops:.1f}"))
    head = (
        "ending", "mostly", f"outcome, {FEW:,}", f"{MANY:,}", "growth", f"evidence, {FEW:,}", f"{MANY:,}", "growth",
    )  # fmt: skip
    table("endings: processor time a packet for its outcome, and for its hops with their evidence", head, rows)


if __name__ == "__main__":
    main()
