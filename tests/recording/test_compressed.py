import gzip
import struct
import zlib

import numpy as np
import pytest

from cnetkit.recording.compressed import unpacked
from cnetkit.recording.recording import load

TEXT = bytes(range(256)) * 5000


def unpack(data, limit=1 << 30):
    result, warning = unpacked(np.frombuffer(data, np.uint8), limit)
    return result.tobytes(), warning


def test_a_compressed_file_is_unpacked():
    assert unpack(gzip.compress(TEXT)) == (TEXT, "")


def test_consecutive_members_are_one_file_and_padding_is_ignored():
    assert unpack(gzip.compress(TEXT) + gzip.compress(b"more") + bytes(512)) == (TEXT + b"more", "")


@pytest.mark.parametrize("size", [12, 200, 2000])
def test_a_truncated_file_gives_its_readable_part(size):
    result, warning = unpack(gzip.compress(np.random.default_rng(1).bytes(9000))[:size])
    assert len(result) < size
    assert f"at byte {size}" in warning


def test_damage_is_reported_with_its_position():
    packed = bytearray(gzip.compress(TEXT))
    packed[-8] ^= 1  # the checksum
    result, warning = unpack(bytes(packed))
    assert "damaged" in warning
    assert len(result) <= len(TEXT)


def test_no_more_is_unpacked_than_the_limit():
    result, warning = unpack(gzip.compress(bytes(1 << 20)), limit=1000)
    assert len(result) == 1000
    assert "more than 1,000 bytes" in warning


def test_another_compression_is_damage():
    assert unpack(b"\x1f\x8b" + zlib.compress(TEXT))[0] == b""


@pytest.mark.parametrize(
    ("file", "name"),
    [("way.pcap", "way"), ("way.pcap.gz", "way"), ("a.b.pcap", "a.b"), ("a.b.pcapng.gz", "a.b"), ("way", "way")],
)
def test_a_capture_is_named_by_its_file_without_the_endings(file, name, tmp_path):
    capture = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", 0, 0, 16, 16) + bytes(16)
    (tmp_path / file).write_bytes(gzip.compress(capture) if file.endswith(".gz") else capture)
    recording = load(tmp_path / file)
    assert recording.name == name
    assert len(recording.frames) == 1
