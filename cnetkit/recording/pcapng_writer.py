"""Writes pcapng files: the packet blocks of many frames at once, by scattering their fields into one array.

Little endian, one section, nanoseconds. The metadata is written as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Loss
from cnetkit.recording import pcapng as p
from cnetkit.recording.frames import Frames

BYTES_AT_ONCE = 1 << 22
"""How many captured bytes are written at a time: this bounds the writer's memory."""
PIECE = 65_000
PIECES_IN_A_BLOCK = 120
"""About 8 MB: Wireshark and libpcap refuse blocks over 16 MiB."""


def write(
    file: BinaryIO,
    frames: Frames,
    *,
    metadata: bytes = b"",
    comments: Mapping[int, str] | Sequence[str] | None = None,
    losses: Sequence[Loss] = (),
    about: str = "",
    system: str = "",
) -> None:
    """Writes one section to `file`. `comments` are shown by Wireshark as the comments of the frames with these
    numbers.

    The metadata is put into custom options of the section header, and, if it is long, of empty name resolution blocks:
    a custom block would be listed by Wireshark as if it were a packet.
    """
    if comments is None:
        comments = {}
    elif not isinstance(comments, Mapping):
        comments = dict(enumerate(comments))
    file.write(_head(metadata, about, system))
    file.writelines(_interface(frames, number) for number in range(len(frames.taps)))
    # A chunk begins within the same 4 MiB of captured bytes; each frame counts as 64 more.
    ends = np.cumsum(frames.captured.astype(np.int64) + 64)
    bounds = np.searchsorted(ends, np.arange(0, int(ends[-1]) if len(ends) else 0, BYTES_AT_ONCE)).tolist()
    for first, last in pairwise([*bounds, len(frames)]):
        if first < last:
            file.write(_packets(frames, first, last, comments).data)
    file.writelines(_statistics(frames, losses))


def _head(metadata: bytes, about: str, system: str) -> bytes:
    options = p.option(p.COMMENT, about.encode("utf-8", "replace")) if about else b""
    options += p.option(p.SHB_OS, system.encode("utf-8", "replace")) if system else b""
    options += p.option(p.SHB_APPLICATION, b"cnetkit")
    mark = struct.pack("<I", p.ENTERPRISE) + p.MAGIC
    pieces = [p.option(p.CUSTOM_COPIED, mark + metadata[at : at + PIECE]) for at in range(0, len(metadata), PIECE)]
    groups = [b"".join(pieces[at : at + PIECES_IN_A_BLOCK]) for at in range(0, len(pieces), PIECES_IN_A_BLOCK)] or [b""]
    end = p.option(p.END, b"")
    head = struct.pack("<IHHq", p.BYTE_ORDER_MAGIC, 1, 0, -1)
    section = p.block(p.SECTION, head + options + groups[0] + end)
    return section + b"".join(p.block(p.NAMES, end + group + end) for group in groups[1:])


def _interface(frames: Frames, number: int) -> bytes:
    tap = frames.taps[number]
    name = f"{tap.node}/{tap.interface}".encode("utf-8", "replace")
    options = p.option(p.IF_NAME, name) + p.option(p.IF_TSRESOL, b"\x09") + p.option(p.END, b"")
    return p.block(p.INTERFACE, struct.pack("<HHI", tap.linktype, 0, 0) + options)


def _packets(frames: Frames, first: int, last: int, comments: Mapping[int, str]) -> NDArray[np.uint8]:
    """The blocks of the frames first to last - 1, as bytes."""
    part = slice(first, last)
    captured = frames.captured[part].astype(np.int64)
    texts, text_sizes = _comments(comments, first, last)
    data_words = (captured + 3) >> 2
    sizes = 11 + data_words + (text_sizes >> 2)  # header 7, flags 2, end of options 1, length 1
    ends = np.cumsum(sizes)
    at = ends - sizes
    words = np.zeros(int(ends[-1]), "<u4")
    time = frames.time_ns[part]
    fields = (
        p.ENHANCED_PACKET,
        sizes * 4,
        frames.tap[part],
        time >> 32,
        time & 0xFFFFFFFF,
        captured,
        frames.length[part],
    )
    for place, field in enumerate(fields):
        words[at + place] = field
    words[at + 7 + data_words] = p.EPB_FLAGS | 4 << 16
    words[at + 8 + data_words] = frames.direction[part]
    words[ends - 1] = sizes * 4
    out = words.view(np.uint8)
    _scatter(out, (at + 7) * 4, frames.data, frames.start[part], captured)
    if len(texts):
        _scatter(out, (at + 9 + data_words) * 4, texts, np.cumsum(text_sizes) - text_sizes, text_sizes)
    return out


def _comments(comments: Mapping[int, str], first: int, last: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The comment options of the frames first to last - 1, one after another, and the number of bytes for each frame."""
    sizes = np.zeros(last - first, np.int64)
    options = []
    for number in range(first, last) if comments else ():
        if text := comments.get(number):
            options.append(p.option(p.COMMENT, text.encode("utf-8", "replace")))
            sizes[number - first] = len(options[-1])
    return np.frombuffer(b"".join(options), np.uint8), sizes


def _scatter(
    out: NDArray[np.uint8],
    to: NDArray[np.int64],
    source: NDArray[np.uint8],
    begin: NDArray[np.int64],
    lengths: NDArray[np.int64],
) -> None:
    """Copies runs of bytes: `lengths[i]` bytes from `source[begin[i]]` to `out[to[i]]`, for all i at once."""
    before = np.cumsum(lengths) - lengths
    count = np.arange(int(lengths.sum()))
    out[np.repeat(to - before, lengths) + count] = source[np.repeat(begin - before, lengths) + count]


def _statistics(frames: Frames, losses: Sequence[Loss]) -> list[bytes]:
    """Lost frames, for Wireshark's capture file properties, at the first interface of the node that lost them."""
    first = {tap.node: number for number, tap in reversed(list(enumerate(frames.taps)))}
    time = int(frames.time_ns[-1]) if len(frames) else 0
    return [
        p.block(
            p.STATISTICS,
            struct.pack("<III", first[loss.node], time >> 32 & 0xFFFFFFFF, time & 0xFFFFFFFF)
            + p.option(p.ISB_IFDROP, struct.pack("<Q", loss.count))
            + p.option(p.END, b""),
        )
        for loss in losses
        if loss.what == "frames" and loss.node in first
    ]
