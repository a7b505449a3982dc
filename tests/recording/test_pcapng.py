"""Options of pcapng blocks are read to their last octet, and a saved section's head is the format's."""

import struct
from dataclasses import replace

import pytest

from cnetkit.model import Loss
from cnetkit.recording.pcapng import END, options
from cnetkit.recording.recording import Recording

from .conftest import DOCK, WEB, make_frames

TWO = b"\1\0\5\0hello\0\0\0\2\0\0\0"


@pytest.mark.parametrize(
    ("data", "pairs"),
    [
        (TWO, [(1, b"hello"), (2, b"")]),
        (TWO[:15], [(1, b"hello")]),
        (TWO[:9], [(1, b"hello")]),  # padding may be missing at the end
        (TWO[:8], []),
        (b"", []),
        (struct.pack("<HH", END, 0) + TWO, []),
    ],
)
def test_options_end_with_the_data_with_the_end_option_or_before_an_incomplete_one(data, pairs):
    assert list(options(data, "<")) == pairs
    assert list(options(b"\0\1\0\2ab", ">")) == [(1, b"ab")]


def test_a_saved_section_has_version_1_0_and_an_unknown_length(tmp_path):
    """https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html, 4.1."""
    Recording(make_frames([WEB], [(0, 1, 5, b"abc")])).save(tmp_path / "x.pcapng")
    head = (tmp_path / "x.pcapng").read_bytes()[:24]
    assert struct.unpack("<IxxxxIHHq", head) == (0x0A0D0D0A, 0x1A2B3C4D, 1, 0, -1)


def test_a_loss_is_written_with_the_time_of_the_last_frame_at_the_nodes_first_interface(tmp_path):
    """Block type 5: interface, time in two halves, option 5 (isb_ifdrop); nothing about other losses or unknown nodes."""
    time = 0x1234567_89ABCDEF
    losses = (Loss("dock", "frames", 7), Loss("dock", "events", 8), Loss("gone", "frames", 9))
    taps = [WEB, DOCK, replace(DOCK, interface="later")]
    Recording(make_frames(taps, [(0, 1, 5, b"abc"), (1, 1, time, b"abc")]), losses=losses).save(tmp_path / "x.pcapng")
    data = (tmp_path / "x.pcapng").read_bytes()
    begins, at = [], 0
    while at < len(data):
        begins.append(at)
        at += struct.unpack_from("<I", data, at + 4)[0]
    (block,) = [data[at + 8 :] for at in begins if data[at : at + 4] == b"\5\0\0\0"]
    assert struct.unpack_from("<III", block) == (1, time >> 32, time & 0xFFFFFFFF)
    assert dict(options(block[12:], "<"))[5] == struct.pack("<Q", 7)
