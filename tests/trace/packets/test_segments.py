"""Large TCP segments and their pieces are one journey, recognised by their octets."""

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from cnetkit.trace.engine import join
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
STREAM = bytes(range(256)) * 40


def segment(begin, end, *, number=0, ack=99, base=4_294_967_000, flags="A"):
    """Octets `begin` to `end` of a stream whose sequence numbers wrap early."""
    tcp = TCP(sport=5, dport=80, seq=(base + begin) % 2**32, ack=ack, flags=flags)
    return bytes(Ether(**MACS) / IP(src="10.0.0.1", dst="10.0.0.2", id=number) / tcp / Raw(STREAM[begin:end]))


def captured(*frames):
    return recording_of(frames_of([(place, way, at, frame) for at, (place, way, frame) in enumerate(frames)]))


def test_pieces_have_the_segment_that_contained_them_as_parent():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 3000, number=7, flags="PA")), ("b/eth0", 1, segment(0, 1000, number=7)),
        ("b/eth0", 1, segment(1000, 2000, number=8)), ("b/eth0", 1, segment(2000, 3000, number=9, flags="PA")),
    ))  # fmt: skip
    assert joined.parent.tolist() == [-1, 0, 0, 0]


def test_a_merged_segment_is_one_journey_with_all_its_pieces():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 1000, number=1)), ("a/eth0", 2, segment(1000, 2000, number=2)),
        ("b/eth0", 1, segment(0, 2000, number=1)),
    ))  # fmt: skip
    assert joined.parent.tolist() == [-1, -1, 0]
    assert joined.journey.tolist() == [0, 0, 0]


def test_pieces_of_other_sizes_are_matched_by_their_octets():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 3000)), ("b/eth0", 1, segment(0, 2000)), ("b/eth0", 1, segment(2000, 3000)),
        ("b/eth0", 2, segment(0, 1000)), ("b/eth0", 2, segment(1000, 3000)),
    ))  # fmt: skip
    assert set(joined.journey.tolist()) == {0}


def test_consecutive_segments_stay_separate():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 1000, number=1)), ("b/eth0", 1, segment(0, 1000, number=1)),
        ("a/eth0", 2, segment(1000, 2000, number=2)), ("b/eth0", 1, segment(1000, 2000, number=2)),
    ))  # fmt: skip
    assert joined.journey.tolist() == [0, 0, 1, 1]


def test_a_retransmission_with_another_acknowledgement_is_another_journey():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 2000, number=1)), ("b/eth0", 1, segment(0, 2000, number=1)),
        ("a/eth0", 2, segment(0, 1000, number=5, ack=100)), ("b/eth0", 1, segment(0, 1000, number=5, ack=100)),
    ))  # fmt: skip
    assert joined.journey.tolist() == [0, 0, 1, 1]


SENT_AGAIN = (
    ("a/eth0", 2, segment(0, 1400, number=1)), ("a/eth0", 2, segment(1400, 2800, number=2)),
    ("b/eth0", 1, segment(0, 1400, number=1)), ("b/eth0", 1, segment(1400, 2800, number=2)),
    ("a/eth0", 2, segment(0, 1200, number=3)), ("a/eth0", 2, segment(1200, 2400, number=4)),
    ("b/eth0", 1, segment(0, 1200, number=3)), ("b/eth0", 2, segment(0, 1200, number=3)),
    ("b/eth0", 1, segment(1200, 2400, number=4)), ("b/eth0", 2, segment(1200, 2400, number=4)),
)  # fmt: skip
"""Two segments that b may not pass on, and the same octets in smaller ones, after a router said that they do not fit."""


def test_what_path_mtu_discovery_sends_again_in_smaller_segments_is_joined_with_its_own_sending():
    joined = join(captured(*SENT_AGAIN))
    assert joined.parent.tolist() == [-1, -1, 0, 1, -1, -1, 4, 6, 5, 8]
    assert len(joined.units) == len(SENT_AGAIN)  # nothing is cut


def test_a_large_segment_that_is_sent_again_in_pieces_is_still_joined_with_its_own_pieces():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 2000, number=1)), ("b/eth0", 1, segment(0, 1000, number=1)),
        ("b/eth0", 1, segment(1000, 2000, number=2)), ("a/eth0", 2, segment(1000, 2000, number=9)),
        ("b/eth0", 1, segment(1000, 2000, number=9)),
    ))  # fmt: skip
    assert joined.parent.tolist() == [-1, 0, 0, -1, 3]


def test_the_same_numbers_with_other_octets_are_not_joined():
    another = bytearray(segment(0, 1000, number=7))
    another[-1] ^= 1
    joined = join(captured(("a/eth0", 2, segment(0, 2000, number=7)), ("b/eth0", 1, bytes(another))))
    assert joined.parent.tolist() == [-1, -1]


def test_segments_that_overlap_everywhere_do_not_exhaust_the_memory():
    frames = [("a/eth0", 1, segment(at, at + 1000)) for at in range(300)]
    assert len(join(captured(*frames)).units) == len(frames)


def test_no_more_pieces_are_made_than_a_recording_may_have(monkeypatch):
    """In the order of the stretches; the third one is left as it was captured."""
    frames = []
    for ack in (1, 2, 3):
        large, small = segment(0, 2000, ack=ack), [segment(at, at + 1000, ack=ack) for at in (0, 1000)]
        frames += [("a/eth0", 2, large), *(("b/eth0", 1, frame) for frame in small)]
    assert join(captured(*frames)).parent.tolist() == [-1, 0, 0, -1, 3, 3, -1, 6, 6]
    monkeypatch.setattr("cnetkit.trace.packets.segments.MOST", 8)  # four in each stretch
    assert join(captured(*frames)).parent.tolist() == [-1, 0, 0, -1, 3, 3, -1, -1, -1]


def test_a_stretch_that_overlaps_too_much_does_not_count_towards_the_most_pieces(monkeypatch):
    monkeypatch.setattr("cnetkit.trace.packets.segments.MOST", 8)
    overlapping = [("a/eth0", 1, segment(at, at + 1000, ack=1)) for at in range(100)]
    frames = [
        ("a/eth0", 2, segment(0, 2000, ack=2)),
        *(("b/eth0", 1, segment(at, at + 1000, ack=2)) for at in (0, 1000)),
    ]
    assert join(captured(*overlapping, *frames)).parent.tolist() == [-1] * 101 + [100, 100]


@pytest.mark.parametrize(("flags", "pieces"), [("A", "AAA"), ("PA", ("A", "A", "PA")), ("FA", ("A", "A", "FA")),
                                               ("AC", ("AC", "A", "A")), ("FPAC", ("AC", "A", "FPA"))])  # fmt: skip
def test_each_piece_has_the_flags_that_the_kernel_gives_it(flags, pieces):
    """FIN and PSH stay at the last one, CWR at the first one (net/ipv4/tcp_offload.c)."""
    sent = [("a/eth0", 2, segment(0, 3000, number=1, flags=flags))]
    came = [
        ("b/eth0", 1, segment(at * 1000, at * 1000 + 1000, number=1 + at, flags=way)) for at, way in enumerate(pieces)
    ]
    joined = join(captured(*sent, *came))
    assert joined.parent.tolist() == [-1, 0, 0, 0]
    made = joined.units.unit[joined.units.frame == 0]
    assert [TCP(flags=int(value)).flags for value in joined.units.columns.flags[made]] == [
        TCP(flags=way).flags for way in pieces
    ]


def test_segments_are_cut_as_the_last_interface_shows_them():
    places = [("a/eth0", 2), ("b/eth0", 1), *((f"{node}/eth{way}", 2 - way) for node in "bcde" for way in (1, 0))]
    large = [(place, way, segment(0, 9000)) for place, way in places[:-2]]
    small = [(places[-1][0], places[-1][1], segment(at, at + 100)) for at in range(0, 9000, 100)]
    joined = join(captured(*large, *small))
    assert set(joined.journey.tolist()) == {0}


def test_a_retransmission_of_the_same_octets_is_distinguished_by_its_identification():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 2000, number=1)), ("b/eth0", 1, segment(0, 1000, number=1)),
        ("b/eth0", 1, segment(1000, 2000, number=2)), ("b/eth0", 1, segment(0, 1000, number=5)),
        ("b/eth0", 1, segment(1000, 2000, number=6)),
    ))  # fmt: skip
    assert joined.parent.tolist() == [-1, 0, 0, -1, -1]


def test_pieces_with_equal_identifications_are_matched_by_their_octets():
    joined = join(captured(
        ("a/eth0", 2, segment(0, 3000, number=7)), ("b/eth0", 1, segment(0, 1000, number=7)),
        ("b/eth0", 1, segment(1000, 2000, number=7)), ("b/eth0", 1, segment(2000, 3000, number=7)),
    ))  # fmt: skip
    assert joined.parent.tolist() == [-1, 0, 0, 0]


def test_a_stretch_with_retransmitted_pieces_is_numbered_as_the_others_show():
    lost = [("a/eth0", 2, segment(0, 5000, number=1)), ("b/eth0", 1, segment(0, 1000, number=1))]
    again = [("b/eth0", 1, segment(at, at + 1000, number=6 + at // 1000)) for at in range(1000, 5000, 1000)]
    another = [("a/eth0", 2, segment(6000, 9000, number=20, ack=100))]
    another += [("b/eth0", 1, segment(at, at + 1000, number=14 + at // 1000, ack=100)) for at in (6000, 7000, 8000)]
    beside = [("a/eth0", 2, segment(10000, 10240, number=40, ack=101))]
    beside += [("b/eth0", 1, segment(at, at + 80, number=at // 80 - 85, ack=101)) for at in (10000, 10080, 10160)]
    joined = join(captured(*lost, *again, *another, *beside))
    assert joined.parent.tolist() == [-1, 0, -1, -1, -1, -1, -1, 6, 6, 6, -1, 10, 10, 10]
