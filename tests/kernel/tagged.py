"""Traffic that contains its own truth: each packet has a unique mark, which is found again in the octets of frames.

UDP payloads, and the ICMP errors that quote them, contain a tag. TCP segments and echoes are identified by fields that
the network does not change. This project's own decoding takes no part.
"""

from __future__ import annotations

import re
import struct
from itertools import count

from cnetkit.lab.node import LabNode
from cnetkit.recording.recording import Recording

TAG = re.compile(rb"(?:ask|rep):\d{8}")
NUMBERS = count(1)
TUNNELS = tuple(struct.pack("!H", port) for port in (4789, 8472, 6081))
"""VXLAN's and Geneve's ports: eight more octets, then another frame."""

SEND = """
import socket, sys
address, port, first, number, size = sys.argv[1], *map(int, sys.argv[2:6])
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.settimeout(float(sys.argv[6]))
for n in range(first, first + number):
    s.sendto(b"ask:%08d" % n * (1 + size // 12), (address, port))  # so that each fragment bears it
    try:
        s.recv(9999)
    except OSError:
        pass
"""

ANSWER = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", int(sys.argv[1])))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(9999)
    s.sendto(data.replace(b"ask:", b"rep:"), peer)
"""

SINK = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(("", 91))
print("ready", flush=True)
sys.stdin.read()
"""

IDENTICAL = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO: without a connection the identification is 0
s.bind(("", 5555))
for n in range(int(sys.argv[3])):
    s.sendto(b"the same", (sys.argv[1], int(sys.argv[2])))
    time.sleep(0.0003)
"""


def ask(node: LabNode, address: str, port: int, number: int = 20, size: int = 40, patience: float = 1.0) -> None:
    """Sends tagged datagrams, waiting for the answer to each before the next."""
    first, *_ = [next(NUMBERS) for _ in range(number)]
    node.run(["python3", "-c", SEND, address, *map(str, (port, first, number, size, patience))], timeout=60)


def sink(node: LabNode) -> None:
    """Receives datagrams at port 91 and never answers."""
    ready(node, ["python3", "-c", SINK])


def answer(node: LabNode, port: int) -> None:
    """Answers tagged datagrams, with tags of their own."""
    ready(node, ["python3", "-c", ANSWER, str(port)])


def ready(node: LabNode, command: list[str]) -> None:
    program = node.start(command)
    while "ready" not in program.output and program.running:
        node.run("sleep .05")
    assert program.running, program.errors


def truth(recording: Recording) -> dict[str, list[int]]:
    """For each marked packet the numbers of all frames that show it."""
    found: dict[str, list[int]] = {}
    for number in range(len(recording.frames)):
        mark = mark_of(recording.frames.bytes_of(number))
        if mark:
            found.setdefault(mark, []).append(number)
    return found


def mark_of(frame: bytes) -> str:
    """The mark that identifies this packet; empty if there is none."""
    if frame[12:14] == b"\x08\x00":
        header = (frame[14] & 15) * 4
        ident, protocol, length = frame[18:20].hex(), frame[23], struct.unpack_from("!H", frame, 16)[0] - header
        rest = frame[14 + header : 14 + header + length]
    elif frame[12:14] == b"\x86\xdd":
        ident, protocol, rest = "", frame[20], frame[54 : 54 + struct.unpack_from("!H", frame, 18)[0]]
        if protocol == 44:  # a fragment header
            protocol, rest = rest[0], rest[8:]
    else:
        return ""
    if protocol == 17 and rest[2:4] in TUNNELS and not TAG.match(rest[8:]):
        inside = mark_of(rest[16:])
        if inside:
            return inside
    tag = TAG.search(rest)
    if protocol == 1 and frame[12:14] == b"\x08\x00" and struct.unpack_from("!H", frame, 20)[0] & 0x3FFF:
        return f"icmp {ident} in fragments"
    if protocol in (1, 58):
        kind = f"icmp {rest[0]}.{rest[1]}"
        if tag:
            return f"{kind} about {tag[0].decode()}"
        return f"{kind} {ident} {rest[6:].hex()}" if rest[0] in (0, 8, 128, 129) else ""
    if protocol == 6:
        return f"tcp {ident} {rest[4:14].hex()} {len(rest)}"
    return tag[0].decode() if tag else ""


def disordered(document: dict) -> list[int]:
    """The journeys whose frames do not come from one another in the order in which the kernel saw them; without copies."""
    found = []
    for journey in document["journeys"]:
        hops = sorted(journey["hops"], key=lambda hop: (hop["time_ns"], hop["frame"]))
        parents = [hop["parent"] for hop in hops]
        if len(set(parents)) == len(parents) and parents[1:] != [hop["frame"] for hop in hops[:-1]]:
            found.append(journey["id"])
    return found


def score(document: dict, marked: dict[str, list[int]]) -> dict:
    """The project's score: wrong joins, whole journeys, and whether every frame belongs to one journey."""
    owner = {n: mark for mark, frames in marked.items() for n in frames}
    places = [h["frame"] for j in document["journeys"] for h in j["hops"]]
    places += [one["frame"] for one in document["unexplained"]]
    wrong, whole = [], set()
    for journey in document["journeys"]:
        frames = {h["frame"] for h in journey["hops"]}
        marks = {owner[n] for n in frames if n in owner}
        if len(marks) > 1:
            wrong.append(sorted(marks))
        elif marks and frames == set(marked[next(iter(marks))]):
            whole |= marks
    return {
        "wrong": wrong,
        "broken": sorted(set(marked) - whole),
        "share": len(whole) / max(1, len(marked)),
        "every_frame_once": sorted(places) == list(range(document["frames"])),
    }
