"""Options of pcapng blocks are read to their last octet, and a saved section's head is the format's."""

import struct

import pytest

from cnetkit.recording.pcapng import END, options
from cnetkit.recording.recording import Recording

from .conftest import WEB, make_frames

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
