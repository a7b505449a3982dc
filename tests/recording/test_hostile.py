"""No bytes crash, hang or exhaust the memory: random damage to small captures of every kind, and known attacks."""

import gzip
import io
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cnetkit.model import CnetkitError
from cnetkit.recording.capture_file import MOST_INTERFACES
from cnetkit.recording.recording import load
from tests.hostile import ETHERNET, frames, inspected, seeds, seeds_of_names, udp
from tests.recording.conftest import Pcapng

SEEDS = list(seeds())
KEPT = sorted((Path(__file__).parent.parent / "data" / "fuzz").iterdir())
FRAME = ETHERNET + b"\x08\x00" + udp()
BOUNDED = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def packet_ends(capture):
    """Where each packet's record or block ends; nothing for a packed capture."""
    ends, at = [], 0
    if capture[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"):
        order, at = "<" if capture[0] == 0x4D else ">", 24
        while at < len(capture):
            at += 16 + struct.unpack_from(order + "I", capture, at + 8)[0]
            ends.append(at)
    elif capture[:4] == b"\x0a\x0d\x0d\x0a":
        order = "<" if capture[8] == 0x4D else ">"
        while at < len(capture):
            kind, size = struct.unpack_from(order + "II", capture, at)
            at += size
            ends += [at] * (kind in (2, 3, 6))
    return ends


def read(*blocks):
    return load(io.BytesIO(b"".join(blocks)), node="host")


@BOUNDED
@given(st.sampled_from(SEEDS), st.data())
def test_whatever_is_changed_in_a_capture_it_is_read_or_refused(seed, data):
    damaged = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        change = data.draw(
            st.sampled_from((b"", b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80", b"\x0a\x0d\x0d\x0a"))
        )
        damaged[at : at + (len(change) or 9)] = change
        if not damaged:
            return
    inspected(bytes(damaged))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_undamaged_capture_is_read_whole(seed):
    order, pcap = "<" if seed[:4] in (b"\x4d\x3c\xb2\xa1", b"\x0a\x0d\x0d\x0a") else ">", seed[:4].count(0x3C) == 1
    result = inspected(seed)
    assert result is not None
    octets = [result.frames.bytes_of(number) for number in range(len(result.frames))]
    if seed[:5] == b"snoop" or {0xCD, 0xB2} <= set(seed[:4]):
        assert octets == [data for kind, data in frames() if kind == 1]
    elif pcap:
        linktype = struct.unpack_from(order + "I", seed, 20)[0]
        assert octets == [data for kind, data in frames() if kind == linktype]
    elif seed in SEEDS[-2:]:
        assert octets == [FRAME] * 2
    else:
        assert octets == [*(data for _, data in frames()), frames()[0][1][:30], frames()[0][1][:20]]


@BOUNDED
@given(st.sampled_from(SEEDS), st.data())
def test_a_capture_cut_anywhere_is_read_up_to_there(seed, data):
    size, whole = data.draw(st.integers(0, len(seed))), load(io.BytesIO(seed), node="host").frames
    result = inspected(seed[:size])
    read = [] if result is None else [result.frames.bytes_of(number) for number in range(len(result.frames))]
    assert read == [whole.bytes_of(number) for number in range(len(read))]
    complete = sum(end <= size for end in packet_ends(seed))
    assert len(read) >= complete


@BOUNDED
@given(st.sampled_from([seed for seed in SEEDS if seed[:2] != b"\x1f\x8b"]), st.data())
def test_what_comes_before_the_damage_is_read(seed, data):
    at = data.draw(st.integers(0, len(seed) - 1))
    damaged = bytearray(seed)
    damaged[at] ^= data.draw(st.integers(1, 255))
    result, whole = inspected(bytes(damaged)), load(io.BytesIO(seed), node="host").frames
    complete = sum(end <= at for end in packet_ends(seed))
    assert complete == 0 or result is not None
    assert all(result.frames.bytes_of(number) == whole.bytes_of(number) for number in range(complete))


@BOUNDED
@given(st.binary(max_size=200))
def test_any_packet_is_read(packet):
    block = Pcapng()
    result = inspected(block.section() + block.interface(b"a/b") + block.packet(0, 5, packet))
    assert result.frames.bytes_of(0) == packet


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_inputs_from_fuzzing_are_read_or_refused(path):
    inspected(path.read_bytes())


def test_names_that_a_terminal_would_obey_are_shown_as_text():
    for seed in seeds_of_names():
        inspected(seed)


def test_a_block_that_claims_four_gigabytes_is_reported_with_its_position(pcapng):
    good = pcapng.section() + pcapng.interface(b"a/b") + pcapng.packet(0, 1, FRAME)
    result = read(good, struct.pack(pcapng.order + "II", 6, 0xFFFFFFFC), bytes(64))
    assert len(result.frames) == 1
    assert f"byte {len(good)} " in result.warnings[0]


def test_more_interfaces_than_any_host_has_are_not_kept():
    block = Pcapng()
    packets = (block.packet(number, 1, FRAME) for number in (5, 19_000))
    result = read(block.section(), block.interface() * 20_000, *packets)
    assert (len(result.frames), len(result.frames.taps)) == (1, MOST_INTERFACES)
    assert any(f"{MOST_INTERFACES:,}" in warning for warning in result.warnings)


def test_many_interfaces_of_one_capture_cost_little_memory_to_join():
    block = Pcapng()
    interfaces = b"".join(block.interface(b"n%d/eth0" % number) for number in range(3000))
    packets = b"".join(block.packet(number, number * 9, FRAME) for number in range(3000))
    inspected(block.section() + interfaces + packets)


def test_options_without_an_end_are_not_followed(pcapng):
    endless = pcapng.interface(b"a/b", options=pcapng.option(1, b"") * 100_000)
    assert len(read(pcapng.section(), endless, pcapng.packet(0, 1, FRAME)).frames) == 1


def test_too_many_sections_are_reported():
    block = Pcapng()
    result = read(block.section() * 10_100)
    assert "nothing was read from byte 280000 on" in result.warnings[0]


def test_a_bomb_is_unpacked_to_a_bounded_size_and_reported(monkeypatch):
    monkeypatch.setattr("cnetkit.recording.compressed.LEAST", 1 << 16)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    result = load(io.BytesIO(gzip.compress(head + struct.pack("<IIII", 0, 0, 16, 16) + bytes(1 << 24))), node="host")
    assert len(result.frames.data) < 1 << 22
    assert "unpacks to more than" in result.warnings[0]


@pytest.mark.parametrize("resolution", [0, 6, 9, 19, 0x7F, 0x80, 0xA0, 0xBF, 0xFF])
def test_times_beyond_what_can_be_held_become_the_last_that_can(pcapng, resolution):
    options = pcapng.option(9, bytes([resolution])) + pcapng.option(14, struct.pack(pcapng.order + "q", 1 << 62))
    result = read(pcapng.section(), pcapng.interface(b"a/b", options=options), pcapng.packet(0, (1 << 64) - 1, FRAME))
    assert result.frames.time_ns[0] == (1 << 63) - 1


def test_a_name_of_any_length_is_cut(pcapng):
    result = read(pcapng.section(), pcapng.interface(b"x" * 60_000), pcapng.packet(0, 1, FRAME))
    assert len(result.frames.taps[0].interface) < 200


def test_a_section_that_lies_about_its_length_is_read_all_the_same(pcapng):
    section = bytearray(pcapng.section())
    section[16:24] = struct.pack(pcapng.order + "q", 12)
    assert len(read(bytes(section), pcapng.interface(), pcapng.packet(0, 1, FRAME)).frames) == 1


def test_a_file_that_is_no_capture_is_refused():
    with pytest.raises(CnetkitError, match="not a capture file"):
        read(gzip.compress(b"hello" * 100))
