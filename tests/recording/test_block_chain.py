"""The places of blocks: searching many at once gives the same result as walking from one to the next."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnetkit.recording import block_chain, pcapng as p
from cnetkit.recording.block_chain import BlockChain


def walked(words, at):
    """Walks block by block, as the format says."""
    result = []
    while at < len(words):
        result.append(at)
        if at + 1 == len(words) or words[at + 1] < 12:
            break
        at += int(words[at + 1]) >> 2
        if at < len(words) and words[at] == p.SECTION:
            break
    return result, at


def same(words):
    words = np.array(words, np.uint32)
    places, end = BlockChain(words).section(0)
    return (places.tolist(), end) == walked(words, 0)


def block(kind, *body):
    size = (len(body) + 3) * 4
    return [kind, size, *body, size]


PACKET = block(p.ENHANCED_PACKET, 0, 0, 0, 4, 4, 1)
HEAD = [*block(p.SECTION, p.BYTE_ORDER_MAGIC, 1), *block(p.INTERFACE, 1, 0)]


@pytest.fixture(params=[block_chain.STRETCH, 40])
def stretch(request, monkeypatch):
    monkeypatch.setattr(block_chain, "STRETCH", request.param)


@pytest.mark.usefixtures("stretch")
@pytest.mark.parametrize(
    "between",
    [
        [],
        block(p.STATISTICS, 0, 0),
        block(p.ENHANCED_PACKET, 0, 0, 0, 48, 48, *PACKET, 0),  # a packet that contains a packet block
        [p.ENHANCED_PACKET, 0, 0],
        [p.ENHANCED_PACKET, 1 << 31, 0],
        [*block(p.SECTION, p.BYTE_ORDER_MAGIC, 1), *PACKET],
    ],
)
def test_all_packets_are_found_among_other_blocks(between):
    assert same([*HEAD, *PACKET * 30, *between, *PACKET * 30])


def test_consecutive_sections_are_found():
    words = np.array([*HEAD, *PACKET * 5, *HEAD, *PACKET * 7], np.uint32)
    walk = BlockChain(words)
    first, at = walk.section(0)
    second, end = walk.section(at)
    assert (len(first), len(second), end) == (7, 9, len(words))


WORDS = st.lists(st.sampled_from([p.ENHANCED_PACKET, 12, 16, 36, p.SECTION, p.STATISTICS, 0, 1 << 31]), min_size=2)


@given(st.lists(st.one_of(st.just(PACKET), WORDS), min_size=1, max_size=40))
def test_whatever_a_file_holds_the_walk_is_the_same(parts):
    assert same([word for part in parts for word in part])


def test_a_file_that_breaks_off_every_run_costs_no_more_than_walking(monkeypatch):
    looked = []
    run = BlockChain._run
    monkeypatch.setattr(BlockChain, "_run", lambda self, at: looked.append(at) or run(self, at))
    count = 20_000
    assert same([*HEAD, *(PACKET + block(p.STATISTICS, 0, 0)) * count])
    assert len(looked) < count / 10
