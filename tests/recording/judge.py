"""tshark as a judge: how it reads frames of one link type, and how cnetkit reads the same frames."""

from __future__ import annotations

import ipaddress
import struct
import subprocess
from pathlib import Path

import numpy as np

from cnetkit.recording.columns import decode
from cnetkit.recording.recording import load

FIELDS = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport")


def pcap(frames: list[bytes], linktype: int) -> bytes:
    records = b"".join(
        struct.pack("<IIII", at, 0, len(frame), len(frame)) + frame for at, frame in enumerate(frames, 1)
    )
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype) + records


def by_tshark(path: Path) -> list[tuple[str, str, str, str]]:
    """(source, destination, source port, destination port) of each frame's innermost packet."""
    wanted = [option for field in FIELDS for option in ("-e", field)]
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=l", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = []
    for line in done.stdout.splitlines():
        four_from, four_to, six_from, six_to, *ports = line.split("\t")
        udp, tcp = ports[:2], ports[2:]
        rows.append((six_from or four_from, six_to or four_to, *(udp if udp[0] else tcp)))
    return rows


def by_cnetkit(path: Path) -> list[tuple[str, str, str, str]]:
    c = decode(load(path).frames)

    def address(high: np.uint64, low: np.uint64, version: int) -> str:
        return str(
            ipaddress.IPv6Address(int(high) << 64 | int(low)) if version == 6 else ipaddress.IPv4Address(int(low))
        )

    return [
        (
            address(c.src_high[n], c.src_low[n], int(c.version[n])),
            address(c.dst_high[n], c.dst_low[n], int(c.version[n])),
            str(c.sport[n]),
            str(c.dport[n]),
        )
        for n in range(len(c))
    ]
