"""Finds where the blocks of a pcapng file begin. Each tells only where the next one is, and there may be millions.

So packets are looked for in a whole stretch of the file at once: where one leads to what looks like another, again and
again, that is the chain of blocks itself. Only what lies between such runs is walked a block at a time. It reads no block.
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
"""Words looked at at a time: what bounds the memory."""
SHARE = 1 << 20
"""Of these, so many by one thread."""
LEAST = 64
"""Blocks that runs have on average, or no more are looked for: a hostile file breaks them off at every block."""
REACH = 1 << 14
"""Words; longer than an IP packet, which may carry a capture file itself."""
USUAL = 1 << 18
"""Octets of a block that the end of the file may cut off: tools capture no more of a packet."""
KINDS = (ENHANCED_PACKET, PACKET, SIMPLE_PACKET, INTERFACE)
"""Blocks that may be the last one, cut off, and may carry anything."""
MOST_TRIED = 1000
"""Places in a stretch from where it is looked whether they lead on."""
NO_PLACES = np.zeros(0, np.int64)


class BlockChain:
    """The blocks of one file; `words` are in the machine's byte order. Sections are asked for in their order."""

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
        """Where behind `at` a section or a packet begins again that leads on from block to block; else the end.

        So too where the block at `at` looks sound but the file ends in it.
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
        """Whether block follows block from there on, farther than what one packet may carry, or to the end."""
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
        """The block at `at` and those after it up to one of kind `until`, where that is; and if the section ends there."""
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
        """The packets that follow one another from the one at `at` on, as far as is known; and where the next block is."""
        if at >= self._end:
            self._look(at)
        here = int(np.searchsorted(self._packets, at))
        if here == len(self._packets) or self._packets[here] != at:
            return NO_PLACES, at
        last = int(self._last[np.searchsorted(self._last, here)])
        return self._packets[here : last + 1], int(self._after[last])

    def _look(self, at: int) -> None:
        """Finds what looks like packets, with a length at the beginning and at the end, in the stretch from `at` on."""
        words, ends = self.words, len(self.words) - 1
        self._end = min(at + STRETCH, ends)
        stretch = words[at : self._end]
        found = by_chunks(
            len(stretch), lambda part: np.flatnonzero(stretch[part] == ENHANCED_PACKET) + (at + part.start), SHARE
        )
        place = np.concatenate([NO_PLACES, *found])
        length = words[place + 1].astype(np.int64)
        after = place + (length >> 2)
        good = (length >= 12) & (after <= ends + 1)
        good &= words[np.minimum(after, ends + 1) - 1] == length
        self._packets, self._after = place[good], after[good]
        breaks = np.append(self._after[:-1] != self._packets[1:], True)
        self._last = np.flatnonzero(breaks[: len(self._packets)])
