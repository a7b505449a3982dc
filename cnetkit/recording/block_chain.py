"""Finds the beginnings of the blocks of a pcapng file. Each block says only where the next one is, and there may be
millions.

Instead of walking from block to block, it looks for everything that looks like a packet in a whole stretch of the file
at once, and keeps the runs in which each leads to the next. Only the gaps between runs are walked. Blocks are read
elsewhere.
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.chunks import by_chunks
from cnetkit.recording.pcapng import BYTE_ORDER_MAGIC, ENHANCED_PACKET, INTERFACE, PACKET, SECTION, SIMPLE_PACKET

Words = NDArray[np.uint32]
Places = NDArray[np.int64]

STRETCH = 1 << 22
"""32-bit words examined at a time: this bounds the memory."""
SHARE = 1 << 20
"""Words of a stretch per thread."""
LEAST = 64
"""If runs have fewer blocks than this on average, no more are looked for: a hostile file interrupts them at every
block."""
REACH = 1 << 14
"""Words; longer than an IP packet, which may contain a capture file itself."""
USUAL = 1 << 18
"""Octets of a block that the end of the file may truncate: tools capture no more of a packet."""
KINDS = (ENHANCED_PACKET, PACKET, SIMPLE_PACKET, INTERFACE)
"""Blocks that may be the last one, truncated, and may contain anything."""
MOST_TRIED = 1000
"""The most places in a stretch at which a run may begin."""
NO_PLACES = np.zeros(0, np.int64)


class BlockChain:
    """The blocks of one file; `words` are in the machine's byte order. Sections must be requested in their order."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._end = 0
        self._packets = self._after = self._last = NO_PLACES

    def section(self, at: int) -> tuple[Places, int]:
        """The offsets, in words, of the blocks of the section that begins at `at`, and where the walk ended."""
        parts, count, runs = [], 0, 0
        while True:
            some, at, over = self._walked(at, ENHANCED_PACKET if runs * LEAST <= count + 1000 * LEAST else -1)
            parts.append(some)
            if not over:
                run, at = self._run(at)
                parts.append(run)
                runs, count = runs + 1, count + len(run)
                over = at >= len(self.words) or self.words[at] == SECTION
            if over:
                return np.concatenate(parts), at

    def after_damage(self, at: int) -> int:
        """The next place after `at` where a section or a packet begins a chain of blocks; else the end of the file.

        Also the end if the block at `at` looks sound but the file ends inside it.
        """
        words, ends = self.words, len(self.words)
        size = int(words[at + 1]) if at + 1 < ends and words[at] in KINDS else 0
        at = ends if size % 4 == 0 and size <= USUAL and at + (size >> 2) > ends else at + 1
        while at < ends - 2:
            self._look(at)
            section = np.flatnonzero(words[at : self._end] == SECTION) + at
            section = section[words[np.minimum(section + 2, ends - 1)] == BYTE_ORDER_MAGIC]
            first = self._packets[np.append(0, self._last[:-1] + 1)] if len(self._packets) else NO_PLACES
            tried = np.union1d(first, section)[:MOST_TRIED].tolist()
            begins = next((int(place) for place in tried if self._leads(place)), -1)
            if begins >= 0:
                return begins
            at = self._end
        return ends

    def _leads(self, place: int) -> bool:
        """Whether block follows block from there on, for more than one packet may contain, or to the end."""
        view, ends = self.words.data, len(self.words)
        at = place
        while at - place < REACH and at < ends:
            size = int(view[at + 1]) if at + 1 < ends else 12
            after = at + (size >> 2)
            if size < 12 or size % 4 or (after <= ends and view[after - 1] != size) or (after > ends and size > USUAL):
                return False
            at = after
        return True

    def _walked(self, at: int, until: int) -> tuple[Places, int, bool]:
        """The block at `at` and those after it up to one of kind `until`, and its place; and whether the section ends
        there."""
        offsets = array("q")
        add = offsets.append
        view = self.words.data
        over = True
        try:
            while True:
                add(at)
                step = view[at + 1] >> 2
                if step < 3:
                    break
                at += step
                kind = view[at]
                if kind in (SECTION, until):
                    over = kind == SECTION
                    break
        except IndexError:
            pass
        return np.frombuffer(offsets, np.int64), at, over

    def _run(self, at: int) -> tuple[Places, int]:
        """The packets that follow each other from the one at `at`, as far as they are known; and where the next block
        is."""
        if at >= self._end:
            self._look(at)
        here = int(np.searchsorted(self._packets, at))
        if here == len(self._packets) or self._packets[here] != at:
            return NO_PLACES, at
        last = int(self._last[np.searchsorted(self._last, here)])
        return self._packets[here : last + 1], int(self._after[last])

    def _look(self, at: int) -> None:
        """Finds everything that looks like a packet, with equal lengths at its beginning and end, in the stretch from
        `at`."""
        words, ends = self.words, len(self.words) - 1
        self._end = min(at + STRETCH, ends)
        stretch = words[at : self._end]
        places = by_chunks(
            len(stretch), lambda part: np.flatnonzero(stretch[part] == ENHANCED_PACKET) + (at + part.start), SHARE
        )
        place = np.concatenate([NO_PLACES, *places])
        length = words[place + 1].astype(np.int64)
        after = place + (length >> 2)
        good = (length >= 12) & (after <= ends + 1)
        good &= words[np.minimum(after, ends + 1) - 1] == length
        self._packets, self._after = place[good], after[good]
        breaks = np.append(self._after[:-1] != self._packets[1:], True)
        self._last = np.flatnonzero(breaks[: len(self._packets)])
