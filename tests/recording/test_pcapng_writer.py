"""The octets of a written pcapng file, block by block as its specification draws them (draft-ietf-opsawg-pcapng, 4)."""

import io
import random
from dataclasses import replace
from struct import pack

import numpy as np
import pytest

from cnetkit.model import Loss
from cnetkit.recording import pcapng_writer
from cnetkit.recording.frames import Tap
from tests.trace.loading import frames_of

TIME = 1_700_000_000_123_456_789


def padded(octets):
    return octets + bytes(-len(octets) % 4)


def option(code, value):
    return pack("<HH", code, len(value)) + padded(value)


def block(kind, body):
    return pack("<II", kind, len(body) + 12) + body + pack("<I", len(body) + 12)


def interface(name, linktype=1):
    return block(1, pack("<HHI", linktype, 0, 0) + option(2, name) + option(9, b"\x09") + option(0, b""))


def packet(number, time, octets, way, length=None, comment=b""):
    head = pack("<IIIII", number, time // 2**32, time % 2**32, len(octets), len(octets) if length is None else length)
    flags = option(2, pack("<I", way))
    return block(6, head + padded(octets) + flags + (option(1, comment) if comment else b"") + option(0, b""))


def written(frames, **more):
    file = io.BytesIO()
    pcapng_writer.write(file, frames, **more)
    return file.getvalue()


def whole(*blocks):
    head = pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + option(4, b"cnetkit") + option(0, b"")
    return block(0x0A0D0D0A, head) + b"".join(blocks)


def test_each_block_is_as_the_specification_draws_it():
    frames = frames_of([("a/eth0", 2, TIME, b"12345"), ("b/x", 0, TIME + 2**32, b""), ("a/eth0", 1, 7, b"1234")])
    frames = replace(frames, length=np.array([1500, 0, 4], np.int32), taps=(frames.taps[0], Tap("b", "x", 113)))
    octets = written(frames, comments={0: "fünf", 2: "", 5: "no frame"})
    assert octets == whole(
        interface(b"a/eth0"), interface(b"b/x", 113),
        packet(0, TIME, b"12345", 2, 1500, "fünf".encode()), packet(1, TIME + 2**32, b"", 0), packet(0, 7, b"1234", 1),
    )  # fmt: skip
    assert written(frames, comments=["fünf"]) == octets


def test_a_file_without_frames_has_its_head():
    assert written(frames_of([])) == whole()


@pytest.mark.parametrize("at_once", [1, 64, 65, 130, 200, 1 << 22])
def test_frames_are_the_same_however_many_are_written_at_once(monkeypatch, at_once):
    monkeypatch.setattr(pcapng_writer, "BYTES_AT_ONCE", at_once)
    choice = random.Random(at_once)
    rows = [(choice.choice(("a/x", "b/y")), choice.randrange(3), choice.randrange(2**62), choice.randbytes(choice.randrange(70)))
            for _ in range(60)]  # fmt: skip
    frames = frames_of(rows)
    names = list(dict.fromkeys(row[0] for row in rows))
    texts = {number: "x" * (number % 9) for number in range(0, 60, 3)}
    expected = [packet(names.index(name), time, octets, way, comment=texts.get(n, "").encode())
                for n, (name, way, time, octets) in enumerate(rows)]  # fmt: skip
    assert written(frames, comments=texts) == whole(*(interface(name.encode()) for name in names), *expected)


def test_lost_frames_are_counted_at_the_first_interface_of_their_node():
    frames = frames_of([("a/x", 0, 5, b""), ("b/y", 0, 6, b""), ("b/z", 0, TIME, b"")])
    octets = written(frames, losses=[Loss("b", "frames", 3), Loss("b", "events", 4), Loss("c", "frames", 5)])
    body = pack("<III", 1, TIME // 2**32, TIME % 2**32) + option(5, pack("<Q", 3)) + option(0, b"")
    last = packet(2, TIME, b"", 0)
    assert octets.endswith(last + block(5, body))
    assert written(frames_of([]), losses=[Loss("b", "frames", 3)]) == whole()


def custom(octets):
    return option(2989, pack("<I", 32473) + b"cnetkit\x01" + octets)


@pytest.mark.parametrize("more", [0, 1])
def test_metadata_is_in_pieces_and_the_comment_and_the_system_before_it(monkeypatch, more):
    """Two pieces in the section header, the others in name resolution blocks without names."""
    monkeypatch.setattr(pcapng_writer, "PIECE", 10)
    monkeypatch.setattr(pcapng_writer, "PIECES_IN_A_BLOCK", 2)
    metadata = bytes(range(40 + more))
    pieces = [custom(metadata[at : at + 10]) for at in range(0, len(metadata), 10)]
    ends = option(0, b"")
    head = pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + option(1, b"about") + option(3, b"Linux") + option(4, b"cnetkit")
    names = [block(4, ends + b"".join(pieces[at : at + 2]) + ends) for at in range(2, len(pieces), 2)]
    expected = block(0x0A0D0D0A, head + pieces[0] + pieces[1] + ends) + b"".join(names)
    assert written(frames_of([]), metadata=metadata, about="about", system="Linux") == expected
