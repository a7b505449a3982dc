"""Reads pcapng files: all packets at once.

Both byte orders, several sections, unknown blocks. Broken parts are left out and reported as warnings; no content of a
file raises an exception, and its cost is bounded. Files are opened and metadata is interpreted elsewhere.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Loss
from cnetkit.recording import pcapng as p
from cnetkit.recording.block_chain import BlockChain, Words
from cnetkit.recording.capture_file import MOST_FRAMES, MOST_INTERFACES, CaptureFile, tap_name
from cnetkit.recording.chunks import by_chunks
from cnetkit.recording.frames import Frames, Tap, no_frames
from cnetkit.recording.ticks import nanoseconds

OPTIONS_LOOKED_THROUGH = 64
"""A packet's flags are looked for in its first options only, so that a hostile packet cannot keep us busy."""
OPTIONS_OF_A_BLOCK, BODY = 4096, 1 << 24
"""The most options, and octets of options, that are read of a block that is not a packet."""
MOST_SECTIONS = 10_000
MOST_COMMENTS, LONGEST_OPTIONS = 1 << 18, 1 << 12
"""The most comments that are read per chunk of packets, and words of options that are examined for one comment."""
MOST_DAMAGE = 64
"""The most damaged places that are skipped in one section."""


@dataclass(slots=True)
class _File:
    """The parts read so far. Sections add to it."""

    data: NDArray[np.uint8]
    node: str
    taps: dict[Tap, int] = field(default_factory=dict)
    parts: list[tuple[NDArray[Any], ...]] = field(default_factory=list)
    metadata: list[bytes] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    frames: int = 0
    kept: int = 0
    """How many of the packets are in `parts`."""
    comments: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Section:
    """One section: `blocks` are offsets into `words`, whose numbers are in the machine's byte order."""

    words: Words
    order: str
    blocks: NDArray[np.int64]
    interfaces: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(tap, if_tsresol, if_tsoffset in seconds, snaplen)"""


@dataclass(frozen=True, slots=True)
class _Packets:
    """Some packets of a section, as columns of Frames."""

    columns: tuple[NDArray[Any], ...]
    timeless: int
    """The number of simple packets among them."""
    misfits: NDArray[np.int64]
    """The blocks of packets that were left out."""
    comments: dict[int, str] = field(default_factory=dict)
    """By the packet's position among those that were kept."""


def read(data: NDArray[np.uint8], node: str) -> CaptureFile:
    """The capture in `data`; interfaces whose names contain no node belong to `node`."""
    file = _File(data, node)
    little = data[: len(data) // 4 * 4].view("<u4")
    walks = {"<": BlockChain(little)}
    at = sections = 0
    while at < len(little):
        magic = int(little[at + 2]) if at + 2 < len(little) else 0
        if little[at] != p.SECTION or magic not in (p.BYTE_ORDER_MAGIC, 0x4D3C2B1A):
            file.warnings.append(f"from byte {at * 4} on, the file is not pcapng and was not read")
            break
        sections += 1
        if sections > MOST_SECTIONS or file.frames >= MOST_FRAMES:
            file.warnings.append(
                f"nothing was read from byte {at * 4} on: the file is too large, or has too many parts"
            )
            break
        order, words = "<", little
        if magic != p.BYTE_ORDER_MAGIC:
            order, words = ">", walks[">"].words if ">" in walks else little.byteswap()
            walks.setdefault(">", BlockChain(words))
        blocks, at, whole = _blocks(file, walks[order], at)
        _read_section(file, _Section(words, order, blocks))
        if not whole:
            break
    else:
        if len(data) % 4:
            file.warnings.append(f"the last {len(data) % 4} bytes of the file are not a block and were not read")
    return CaptureFile(_frames(file), tuple(file.metadata), tuple(file.losses), tuple(file.warnings))


def _blocks(file: _File, steps: BlockChain, at: int) -> tuple[NDArray[np.int64], int, bool]:
    """The sound blocks of the section at `at`, where the next section begins, and whether there may be one."""
    parts = []
    for _ in range(MOST_DAMAGE):
        blocks, at = steps.section(at)
        kept = _sound(steps.words, blocks)
        parts.append(blocks[:kept])
        if kept == len(blocks):
            return np.concatenate(parts), at, True
        damaged = int(blocks[kept])
        at = steps.after_damage(damaged)
        if at == len(steps.words):
            break
        file.warnings.append(f"bytes {damaged * 4} to {at * 4 - 1} are damaged: they were not read")
        if steps.words[at] == p.SECTION:
            return np.concatenate(parts), at, True
    where = damaged * 4
    file.warnings.append(f"the block at byte {where} is damaged or truncated: the rest was not read")
    return np.concatenate(parts), at, False


def _sound(words: Words, blocks: NDArray[np.int64]) -> int:
    """How many blocks, from the first on, are complete: they fit, and their two lengths agree."""
    ends = len(words) - 1

    def first_wrong(part: slice) -> int:
        some = blocks[part]
        lengths = words[np.minimum(some + 1, ends)].astype(np.int64)
        last = some + (lengths >> 2) - 1
        good = (lengths >= 12) & (lengths % 4 == 0) & (last <= ends)
        good &= words[np.clip(last, 0, ends)] == lengths
        return len(blocks) if good.all() else part.start + int(np.argmin(good))

    return min(by_chunks(len(blocks), first_wrong), default=0)


def _body(file: _File, section: _Section, block: int, skip: int) -> bytes:
    """A block's bytes after its header and `skip` more bytes, without the length at its end; at most BODY."""
    begin, end = block * 4 + 8 + skip, block * 4 + int(section.words[block + 1]) - 4
    return file.data[begin : min(end, begin + BODY)].tobytes()


def _options(data: bytes, order: str) -> dict[int, bytes]:
    return dict(islice(p.options(data, order), OPTIONS_OF_A_BLOCK))


def _read_section(file: _File, section: _Section) -> None:
    blocks, words = section.blocks, section.words
    kinds = words[blocks]
    is_packet = np.isin(kinds, (p.ENHANCED_PACKET, p.PACKET, p.SIMPLE_PACKET))
    others = np.isin(kinds, (p.SECTION, p.NAMES, p.INTERFACE, p.STATISTICS))
    pieces: list[bytes] = []
    statistics: dict[int, int] = {}
    for block, kind in zip(blocks[others].tolist(), kinds[others].tolist(), strict=True):
        if kind == p.SECTION:
            pieces += _pieces(_body(file, section, block, 16), section.order)
        elif kind == p.NAMES:
            body = _body(file, section, block, 0)
            names = islice(p.options(body, section.order), OPTIONS_OF_A_BLOCK)
            records = sum(4 + len(value) + -len(value) % 4 for _, value in names)
            pieces += _pieces(body[records + 4 :], section.order)
        elif kind == p.INTERFACE:
            _add_interface(file, section, _body(file, section, block, 0), bool(pieces))
        elif kind == p.STATISTICS:
            number = int(words[block + 2])
            options = _options(_body(file, section, block, 12), section.order)
            value = options.get(p.ISB_IFDROP, options.get(p.ISB_OSDROP, b""))
            statistics[number] = struct.unpack(section.order + "Q", value)[0] if len(value) == 8 else 0
    if int((kinds == p.INTERFACE).sum()) > len(section.interfaces):
        file.warnings.append(f"only the first {MOST_INTERFACES:,} interfaces were read")
    packets = np.flatnonzero(is_packet)
    room = MOST_FRAMES - file.frames
    if len(packets) > room:
        at = int(blocks[packets[room]]) * 4
        file.warnings.append(f"only the first {MOST_FRAMES:,} packets, up to byte {at}, were read")
        packets = packets[:room]
    if len(packets):
        file.frames += len(packets)
        parts = by_chunks(
            len(packets), lambda part: _read_packets(section, blocks[packets[part]], kinds[packets[part]])
        )
        for part in parts:
            if part.columns:
                file.comments |= {file.kept + place: text for place, text in part.comments.items()}
                file.parts.append(part.columns)
                file.kept += len(part.columns[0])
        _warn(file, parts)
    if pieces:
        file.metadata.append(b"".join(pieces))
        return  # it reports losses itself
    taps = list(file.taps)
    for number, count in statistics.items():
        if count and number < len(section.interfaces):
            file.losses.append(Loss(taps[section.interfaces[number][0]].node, "frames", count))


def _pieces(data: bytes, order: str) -> list[bytes]:
    head = struct.pack(order + "I", p.ENTERPRISE) + p.MAGIC
    pieces = islice(p.options(data, order), OPTIONS_OF_A_BLOCK)
    return [value[len(head) :] for code, value in pieces if code == p.CUSTOM_COPIED and value.startswith(head)]


def _add_interface(file: _File, section: _Section, body: bytes, ours: bool) -> None:
    if len(section.interfaces) >= MOST_INTERFACES or len(file.taps) >= MOST_INTERFACES:
        return
    options = _options(body[8:], section.order)
    name = options.get(p.IF_NAME, b"").decode("utf-8", "replace")
    linktype, snaplen = struct.unpack_from(section.order + "HxxI", body) if len(body) >= 8 else (0, 0)
    tap = Tap(*tap_name(name, file.node, len(section.interfaces), ours), linktype)
    resolution = options.get(p.IF_TSRESOL, b"\x06")[:1] or b"\x06"
    offset = options.get(p.IF_TSOFFSET, b"")
    seconds = struct.unpack(section.order + "q", offset)[0] if len(offset) == 8 else 0
    section.interfaces.append((file.taps.setdefault(tap, len(file.taps)), resolution[0], seconds, snaplen))


def _read_packets(section: _Section, blocks: NDArray[np.int64], kinds: Words) -> _Packets:
    words, little = section.words, section.order == "<"
    room = words[blocks + 1].astype(np.int64) - 32
    simple = kinds == p.SIMPLE_PACKET
    at = np.minimum(blocks, len(words) - 7)  # a simple packet may be shorter than the fields read here
    interface = words[at + 2]
    captured = words[at + 5].astype(np.int64)
    length = words[at + 6].astype(np.int64)
    ticks = (words[at + 3].astype(np.uint64) << np.uint64(32)) | words[at + 4]
    start = blocks * 4 + 28
    old = kinds == p.PACKET
    if old.any():
        interface[old] = interface[old] & 0xFFFF if little else interface[old] >> 16
    if simple.any():
        length[simple] = interface[simple]
        interface[simple] = 0
        snaplen = section.interfaces[0][3] if section.interfaces else 0
        captured[simple] = np.minimum(length[simple], np.minimum(room[simple] + 16, snaplen or 1 << 32))
        start[simple] -= 16
        room[simple] += 16
        ticks[simple] = 0
    good = (captured <= room) & (captured >= 0) & (interface < len(section.interfaces))
    timeless, misfits = int(simple.sum()), blocks[~good]
    if not good.any():
        return _Packets((), timeless, misfits)
    tap, resolution, seconds, _ = (np.array(column) for column in zip(*section.interfaces, strict=True))
    interface = np.where(good, interface, 0)
    time = nanoseconds(ticks, resolution[interface], seconds[interface])
    if simple.any():
        time[simple] = 0
    ends = blocks + (words[blocks + 1] >> 2) - 1
    options, ends = (start + captured + 3) >> 2, np.where(good & ~simple, ends, 0)
    direction, commented = _directions(words, little, options.copy(), ends)
    columns = (
        tap[interface].astype(np.int32), direction, time, start, captured.astype(np.int32),
        np.minimum(length, 0x7FFFFFFF).astype(np.int32),
    )  # fmt: skip
    place = np.cumsum(good) - 1
    comments = {
        int(place[row]): _comment(words, section.order, int(options[row]), int(ends[row]))
        for row in commented[:MOST_COMMENTS].tolist()
    }
    kept = columns if good.all() else tuple(column[good] for column in columns)
    return _Packets(kept, timeless, misfits, comments)


def _warn(file: _File, parts: list[_Packets]) -> None:
    """Warns about packets that lack something."""
    timeless = sum(part.timeless for part in parts)
    if timeless:
        file.warnings.append(f"{timeless} simple packet blocks have no timestamp: their time is 0")
    misfits = np.concatenate([part.misfits for part in parts])
    if len(misfits):
        at = int(misfits[0]) * 4
        file.warnings.append(
            f"{len(misfits)} packets, the first at byte {at}, name no interface or do not fit their block"
        )


def _comment(words: Words, order: str, at: int, end: int) -> str:
    """The comments of one packet, one per line; its options are the words from `at` to `end`."""
    data = words[at : min(end, at + LONGEST_OPTIONS)].astype(order + "u4").tobytes()
    texts = [value for code, value in islice(p.options(data, order), OPTIONS_LOOKED_THROUGH) if code == p.COMMENT]
    return "\n".join(text.decode("utf-8", "replace") for text in texts)


def _directions(
    words: Words, little: bool, at: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The direction bits of each packet's flags, and the packets that have a comment. `at` and `ends` say where a
    packet's options are, in words."""
    directions, commented = np.zeros(len(at), np.uint8), np.zeros(len(at), np.bool_)
    open_ = np.flatnonzero(at + 1 < ends)
    for _ in range(OPTIONS_LOOKED_THROUGH):
        if not len(open_):
            break
        head = words[at[open_]]
        code, size = (head & 0xFFFF, head >> 16) if little else (head >> 16, head & 0xFFFF)
        commented[open_[code == p.COMMENT]] = True
        flags = (code == p.EPB_FLAGS) & (size == 4)
        bits = words[at[open_[flags]] + 1] & 3
        directions[open_[flags]] = np.where(bits == 3, 0, bits)
        more = ~flags & (code != p.END)
        open_ = open_[more]
        at[open_] += 1 + ((size[more].astype(np.int64) + 3) >> 2)
        open_ = open_[at[open_] + 1 < ends[open_]]
    return directions, np.flatnonzero(commented)


def _frames(file: _File) -> Frames:
    none = no_frames()
    empty = (none.tap, none.direction, none.time_ns, none.start, none.captured, none.length)
    columns = [np.concatenate(parts) for parts in zip(*(file.parts or [empty]), strict=True)]
    tap, direction, time_ns, start, captured, length = columns
    comments = {} if file.metadata else file.comments  # ours are made anew
    return Frames(tuple(file.taps), tap, direction, time_ns, start, captured, length, file.data, comments)
