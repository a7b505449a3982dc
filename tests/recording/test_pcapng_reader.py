import struct

import numpy as np
import pytest

from cnetkit.model import Loss
from cnetkit.recording.frames import IN, OUT, UNKNOWN, Tap
from cnetkit.recording.pcapng_reader import read

from .conftest import Pcapng


def reading(*blocks):
    return read(np.frombuffer(b"".join(blocks), np.uint8), "host")


def test_packets_are_read_in_either_byte_order(pcapng):
    flags = pcapng.option(2, struct.pack(pcapng.order + "I", 2)) + pcapng.option(0, b"")
    result = reading(
        pcapng.section(),
        pcapng.interface(b"web/eth0", options=pcapng.option(9, b"\x09")),
        pcapng.packet(0, 1_700_000_000_123_456_789, b"hello", flags, length=1500),
    )
    assert result.warnings == ()
    assert result.frames.taps == (Tap("web", "eth0"),)
    assert result.frames.bytes_of(0) == b"hello"
    assert result.frames.direction[0] == OUT
    assert result.frames.time_ns[0] == 1_700_000_000_123_456_789
    assert (result.frames.captured[0], result.frames.length[0]) == (5, 1500)


def test_flags_after_other_options_are_read(pcapng):
    options = pcapng.option(1, b"a comment") + pcapng.option(2, struct.pack(pcapng.order + "I", 1))
    result = reading(
        pcapng.section(), pcapng.interface(), pcapng.packet(0, 0, b"abc", options), pcapng.packet(0, 0, b"")
    )
    assert result.frames.direction.tolist() == [IN, UNKNOWN]


def test_times_are_read_in_every_resolution(pcapng):
    interfaces = [pcapng.interface(options=pcapng.option(9, bytes([n]))) for n in (0, 6, 9, 12, 0x80 | 10, 0x80 | 40)]
    shifted = pcapng.interface(options=pcapng.option(14, struct.pack(pcapng.order + "q", 100)))
    ticks = [7, 7_000_000, 7 * 10**9, 7 * 10**12, 7 << 10, 7 << 40, 7_000_000]
    packets = [pcapng.packet(number, tick, b"x") for number, tick in enumerate(ticks)]
    result = reading(pcapng.section(), *interfaces, shifted, *packets)
    assert result.frames.time_ns.tolist() == [7 * 10**9] * 6 + [107 * 10**9]


def test_sections_number_their_interfaces_anew_and_may_differ_in_byte_order():
    little, big = Pcapng("<"), Pcapng(">")
    result = reading(
        *(
            item.section() + item.interface(name) + item.packet(0, 5, name)
            for item, name in ((little, b"a/x"), (big, b"b/y"))
        ),
        little.section() + little.interface(b"a/x") + little.packet(0, 5, b"again"),
    )
    assert [result.frames.taps[tap].node for tap in result.frames.tap] == ["a", "b", "a"]
    assert result.frames.taps == (Tap("a", "x"), Tap("b", "y"))
    assert result.warnings == ()


def test_unknown_blocks_are_skipped(pcapng):
    blocks = [pcapng.block(kind, bytes(40)) for kind in (0x0BAD, 0x7777, 0x80000001)]
    result = reading(pcapng.section(), *blocks, pcapng.interface(), *blocks, pcapng.packet(0, 0, b"abc"))
    assert len(result.frames) == 1
    assert result.warnings == ()


def test_simple_and_obsolete_packet_blocks_are_read(pcapng):
    simple = pcapng.block(3, struct.pack(pcapng.order + "I", 3) + b"abc")
    old = pcapng.block(2, struct.pack(pcapng.order + "HHIIII", 1, 9, 0, 7, 2, 2) + b"de")
    result = reading(pcapng.section(), pcapng.interface(b"a/x"), pcapng.interface(b"a/y"), simple, old)
    assert [result.frames.bytes_of(number) for number in range(2)] == [b"abc", b"de"]
    assert result.frames.tap.tolist() == [0, 1]
    assert result.frames.time_ns.tolist() == [0, 7000]
    assert result.warnings == ("1 simple packet blocks have no timestamp: their time is 0",)


def test_losses_are_read_from_the_statistics_blocks(pcapng):
    statistics = pcapng.block(
        5, struct.pack(pcapng.order + "III", 0, 0, 0) + pcapng.option(5, struct.pack(pcapng.order + "Q", 12))
    )
    assert reading(pcapng.section(), pcapng.interface(b"web/eth0"), statistics).losses == (Loss("web", "frames", 12),)


@pytest.mark.parametrize(("interface", "count"), [(0, 0), (1, 12)])
def test_statistics_without_a_loss_or_about_no_interface_say_nothing(pcapng, interface, count):
    lost = pcapng.option(5, struct.pack(pcapng.order + "Q", count))
    statistics = pcapng.block(5, struct.pack(pcapng.order + "III", interface, 0, 0) + lost)
    assert reading(pcapng.section(), pcapng.interface(b"web/eth0"), statistics).losses == ()


def test_a_truncated_file_is_read_up_to_its_end_and_says_where(pcapng):
    whole = pcapng.section() + pcapng.interface() + pcapng.packet(0, 0, b"abc")
    result = reading((whole + pcapng.packet(0, 0, b"defghijk"))[:-6])
    assert len(result.frames) == 1
    assert result.warnings == (f"the block at byte {len(whole)} is damaged or truncated: the rest was not read",)


@pytest.mark.parametrize("place", [4, -4, 0])
def test_reading_continues_after_a_damaged_block(pcapng, place):
    packets = [bytearray(pcapng.packet(0, number, b"%04d" % number)) for number in range(9)]
    at = place % len(packets[4])
    packets[4][at : at + 4] = b"\x77\x66\x55\x44"
    before = pcapng.section() + pcapng.interface() + b"".join(packets[:4])
    result = reading(before, *packets[4:])
    assert [result.frames.bytes_of(n) for n in range(len(result.frames))] == [b"%04d" % n for n in range(9) if n != 4]
    if place:
        assert result.warnings == (
            f"bytes {len(before)} to {len(before) + len(packets[4]) - 1} are damaged: they were not read",
        )


@pytest.mark.parametrize("before", [b"", b"xx"])
def test_a_capture_file_inside_a_packet_is_not_read_as_packets(pcapng, before):
    inside = [pcapng.packet(0, number, b"inside %04d" % number) for number in range(5_000)]
    carried = b"".join([pcapng.section(), pcapng.interface(b"in/side"), *inside])
    packets = [before + carried[at : at + 1400] for at in range(0, len(carried), 1400)]
    blocks = [bytearray(pcapng.packet(0, number, packet)) for number, packet in enumerate(packets)]
    for number, damage in ((0, b"\xff" * 8), (1, b"\xff" * 8), (2, bytes(300))):
        broken = [*blocks[:number], blocks[number].copy(), *blocks[number + 1 :]]
        broken[number][4 : 4 + len(damage)] = damage
        result = reading(pcapng.section(), pcapng.interface(b"out/side"), *broken)
        assert {tap.node for tap in result.frames.taps} == {"out"}
        captured = [result.frames.bytes_of(n) for n in range(len(result.frames))]
        assert captured == packets[:number] + packets[number + 1 :]
    cut = reading(b"".join([pcapng.section(), pcapng.interface(), *blocks[:-1]])[:-700])
    assert [cut.frames.bytes_of(n) for n in range(len(cut.frames))] == packets[:-2]


def test_a_section_after_damage_has_its_own_interfaces(pcapng):
    item = pcapng.section() + pcapng.interface(b"a/x") + pcapng.packet(0, 1, b"abcd")
    another = pcapng.section() + pcapng.interface(b"b/y") + pcapng.packet(0, 2, b"efgh")
    result = reading(item + bytes(64) + another)
    assert [result.frames.taps[tap].node for tap in result.frames.tap] == ["a", "b"]


def test_a_block_of_length_zero_does_not_stop_the_reader(pcapng):
    result = reading(pcapng.section(), bytes(400))
    assert len(result.warnings) == 1


def test_packets_that_do_not_fit_their_block_or_name_no_interface_are_left_out(pcapng):
    lying = bytearray(pcapng.packet(0, 0, b"abcd"))
    lying[20:24] = struct.pack(pcapng.order + "I", 5000)
    result = reading(
        pcapng.section(), pcapng.interface(), bytes(lying), pcapng.packet(3, 0, b"x"), pcapng.packet(0, 0, b"ok")
    )
    assert [result.frames.bytes_of(number) for number in range(len(result.frames))] == [b"ok"]
    assert result.warnings[0].startswith("2 packets, the first at byte ")


def test_options_end_with_their_block():
    """The next block's type, 6, would be OUT as a direction, after a block whose length reads like the head of an option."""
    big = Pcapng(">")
    octets = bytes(0x20004 - 32)
    result = reading(big.section(), big.interface(), big.packet(0, 0, octets), big.packet(0, 0, b"next"))
    assert result.frames.captured.tolist() == [len(octets), 4]
    assert result.frames.direction.tolist() == [UNKNOWN, UNKNOWN]


def test_after_damage_no_packet_is_lost_to_one_that_only_looks_like_a_block(pcapng):
    """What stands in the damaged part ends like a block, and no other block follows it."""
    noise, before, looks = b"\xff" * 20, pcapng.packet(0, 0, b"before"), pcapng.packet(0, 0, b"looks like one")
    after = [pcapng.packet(0, n, b"after %d" % n) for n in range(4)]
    result = reading(pcapng.section(), pcapng.interface(), before, noise, looks, noise, *after)
    assert [result.frames.bytes_of(n) for n in range(len(result.frames))] == [
        b"before",
        *(b"after %d" % n for n in range(4)),
    ]
