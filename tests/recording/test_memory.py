"""The memory for millions of frames without content stays within the bound of docs/engine.md, packed or not."""

import gzip
import io
import struct
import subprocess
import sys

import pytest

from cnetkit.recording.recording import load
from tests.bench.measure import ROOT

HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)
COUNT = 1_000_000
BOUND = 0.6 * (1 << 20)
"""KiB for a million frames."""
FILES = {
    "empty": (HEAD, struct.pack("<IIII", 1000, 0, 0, 0)),
    "only an Ethernet header": (HEAD, struct.pack("<IIII", 1000, 0, 14, 14) + bytes(14)),
    "empty, pcapng": (SECTION, struct.pack("<IIIIIIII", 6, 32, 0, 0, 0, 0, 0, 32)),
}
CODE = """
import sys
from cnetkit.cli import main
assert main(["inspect", sys.argv[1]]) == 0
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
"""Not ru_maxrss: that one also counts what the test's own process had when it forked (getrusage(2), setmax_mm_hiwater_rss)."""


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_a_million_tiny_frames_take_no_more_than_the_bound(tmp_path, name, packed):
    head, record = FILES[name]
    data = head + record * COUNT
    path = tmp_path / "x.pcap"
    path.write_bytes(gzip.compress(data, 6) if packed else data)
    done = subprocess.run([sys.executable, "-c", CODE, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "frames" in done.stdout
    assert int(done.stdout.split()[-1]) <= BOUND


def test_no_more_packets_are_read_than_the_most(monkeypatch):
    for room in ("cnetkit.recording.pcap", "cnetkit.recording.pcapng_reader"):
        monkeypatch.setattr(f"{room}.MOST_FRAMES", 5)
    for head, record in FILES.values():
        recording = load(io.BytesIO(head + record * 7), node="host")
        assert len(recording.frames) == 5
        assert "only the first 5 packets, up to byte" in recording.warnings[0]


def test_a_file_that_another_program_packed_is_named(tmp_path):
    path = tmp_path / "x.pcap.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(40))
    with pytest.raises(Exception, match=r"x\.pcap\.zst is packed by zstd: unpack it with zstd -d first"):
        load(path)
